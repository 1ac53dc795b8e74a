package dev.godwit.api;

/**
 * How destinations outside the fleet are reached; the longest prefix decides.
 *
 * @param prefix a range of addresses, such as {@code 151.101.0.0/16}
 * @param via by the edge or by the VM's host
 */
public record EgressRule(String prefix, EgressWay via) {
    public EgressRule {
        IpPrefix.parse("prefix", prefix);
        Require.present("via of " + prefix, via);
    }
}
