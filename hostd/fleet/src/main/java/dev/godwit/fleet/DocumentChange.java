package dev.godwit.fleet;

/**
 * What a watch of documents tells.
 *
 * @param document as written; of a removed one, the last that this watch knew
 * @param removed whether it was deleted
 */
public record DocumentChange(FleetDocument document, boolean removed) {}
