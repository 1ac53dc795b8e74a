package dev.godwit.nbd;

/**
 * What a client and the server agreed on.
 *
 * @param export what is served
 * @param structured whether replies are structured
 * @param allocation whether {@code base:allocation} may be asked for
 */
record Session(NbdExport export, boolean structured, boolean allocation) {}
