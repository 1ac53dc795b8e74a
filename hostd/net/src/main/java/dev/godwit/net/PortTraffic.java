package dev.godwit.net;

/**
 * What one VM has sent and got at this host.
 *
 * @param out let pass, from the VM
 * @param in let pass, to the VM
 * @param opened new flows from and to the VM
 * @param dropped from and to the VM
 */
public record PortTraffic(Traffic out, Traffic in, long opened, Traffic dropped) {}
