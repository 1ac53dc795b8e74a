package dev.godwit.edge;

/**
 * What the forwarder did since it was opened.
 *
 * @param asked messages that came
 * @param answeredHere answered from the VMs' names
 * @param forwarded answered by a resolver
 * @param failed no resolver answered
 * @param malformed no query, or not one that can be read
 * @param overLimit dropped, since too many were under way
 */
public record DnsCounts(long asked, long answeredHere, long forwarded, long failed, long malformed, long overLimit) {}
