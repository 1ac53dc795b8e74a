package dev.godwit.fleet;

/**
 * A small document that every host may read and change: a project's network, a published port, a revocation, ...
 *
 * @param kind what it is, such as {@code network}: its namespace, and what a list or a watch is about
 * @param name unique in its kind
 * @param revision from 1; another one after every write, never the same again, not even after a removal. Revisions of one
 *     document grow; those of two say nothing of their order
 * @param json its text, opaque here
 */
public record FleetDocument(String kind, String name, long revision, String json) {}
