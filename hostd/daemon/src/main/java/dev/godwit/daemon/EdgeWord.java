package dev.godwit.daemon;

/**
 * An edge's word that it is the active one.
 *
 * @param edge its host id
 * @param fence of the seat; a higher one is newer
 */
record EdgeWord(String edge, long fence) {}
