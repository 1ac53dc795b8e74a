package dev.godwit.api;

/**
 * A stopped VM's disk on hostd's NBD socket.
 *
 * @param socket path of the unix socket
 * @param export name of the export
 */
public record DiskExport(String socket, String export) {}
