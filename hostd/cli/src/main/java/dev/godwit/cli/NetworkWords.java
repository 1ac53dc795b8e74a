package dev.godwit.cli;

import dev.godwit.api.EgressRule;
import dev.godwit.api.EgressWay;
import dev.godwit.api.TrafficRate;
import dev.godwit.api.TrafficRule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Rules, ways and rates as they stand on a command line, and as JSON has them. */
final class NetworkWords {
    private static final Pattern RATE = Pattern.compile("(\\d{1,13})(|bit|kbit|mbit|gbit)");
    private static final long KILO = 1_000;
    private static final long MEGA = 1_000_000;
    private static final long GIGA = 1_000_000_000;

    private NetworkWords() {}

    /** Reads {@code PREFIX[:PROTOCOL[:PORTS]]}; an IPv6 address without a length stands in brackets when more follows. */
    static Map<String, @Nullable Object> rule(String text) throws Failure {
        int end = endOfPrefix(text);
        String prefix = text.substring(0, end).replace("[", "").replace("]", "");
        String[] rest =
                end == text.length() ? new String[0] : text.substring(end + 1).split(":", -1);
        if (rest.length > 2) {
            throw Failure.usage(
                    "\"" + text + "\" is not PREFIX[:PROTOCOL[:PORTS]], such as 10.0.0.0/8:tcp:443,8000-8100"
                            + " or [2001:db8::1]:udp:53.");
        }
        String protocol = rest.length > 0 ? rest[0] : null;
        List<String> ports = rest.length > 1 ? List.of(rest[1].split(",", -1)) : null;
        try {
            TrafficRule checked = new TrafficRule(prefix, protocol, ports);
            Map<String, @Nullable Object> rule = new LinkedHashMap<>();
            rule.put("prefix", checked.prefix());
            if (checked.protocol() != null) {
                rule.put("protocol", checked.protocol());
            }
            if (checked.ports() != null) {
                rule.put("ports", checked.ports());
            }
            return rule;
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.USAGE, "\"" + text + "\": " + e.getMessage() + ".", e);
        }
    }

    private static int endOfPrefix(String text) {
        int from = 0;
        if (text.startsWith("[")) {
            from = Math.max(text.indexOf(']'), 0);
        } else if (text.indexOf('/') >= 0) {
            from = text.indexOf('/');
        } else if (text.contains("::") || text.chars().filter(c -> c == ':').count() > 2) {
            return text.length(); // an IPv6 address alone
        }
        int colon = text.indexOf(':', from);
        return colon < 0 ? text.length() : colon;
    }

    /** Reads {@code local=PREFIX} and {@code anchored=PREFIX}. */
    static List<Map<String, @Nullable Object>> egress(List<String> words) throws Failure {
        List<Map<String, @Nullable Object>> rules = new ArrayList<>();
        for (String word : words) {
            int equals = word.indexOf('=');
            try {
                EgressWay via =
                        EgressWay.valueOf(word.substring(0, Math.max(equals, 0)).toUpperCase(Locale.ROOT));
                EgressRule rule = new EgressRule(word.substring(equals + 1), via);
                Map<String, @Nullable Object> json = new LinkedHashMap<>();
                json.put("prefix", rule.prefix());
                json.put("via", rule.via().toString());
                rules.add(json);
            } catch (IllegalArgumentException e) {
                throw new Failure(
                        Failure.USAGE,
                        "--egress " + word
                                + " is neither local=PREFIX nor anchored=PREFIX, such as local=151.101.0.0/16.",
                        e);
            }
        }
        return rules;
    }

    /** Reads {@code 100mbit}, {@code 10gbit}, {@code 500kbit}, or bits alone. */
    static long bitsPerSecond(String text) throws Failure {
        Matcher rate = RATE.matcher(text.toLowerCase(Locale.ROOT));
        if (rate.matches()) {
            long unit = switch (rate.group(2)) {
                case "kbit" -> KILO;
                case "mbit" -> MEGA;
                case "gbit" -> GIGA;
                default -> 1;
            };
            long number = Long.parseLong(rate.group(1));
            if (number <= TrafficRate.BITS_PER_SECOND_MAX / unit && number * unit >= TrafficRate.BITS_PER_SECOND_MIN) {
                return number * unit;
            }
        }
        throw Failure.usage("\"" + text + "\" is not a rate from 100kbit to 1000gbit, such as 100mbit.");
    }

    /** A rate as {@link #bitsPerSecond} reads it. */
    static String rate(long bits) {
        if (bits % GIGA == 0) {
            return bits / GIGA + "gbit";
        }
        return bits % MEGA == 0 ? bits / MEGA + "mbit" : bits % KILO == 0 ? bits / KILO + "kbit" : bits + "bit";
    }
}
