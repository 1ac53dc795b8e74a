package dev.godwit.daemon;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/** The word that somebody probably meant. */
final class Nearest {
    private Nearest() {}

    /** A third of the word mistyped is still the word; more is another one. */
    private static final int LETTERS_PER_MISTAKE = 3;

    /** Our longest word has 40; comparing costs the product of both lengths. */
    private static final int WORD_CHARACTERS_MAX = 100;

    /** The closest of the known words, if any is close. */
    static Optional<String> of(String word, Collection<String> known) {
        if (word.length() > WORD_CHARACTERS_MAX) {
            return Optional.empty();
        }
        return known.stream()
                .min(Comparator.comparingInt(candidate -> distance(word, candidate)))
                .filter(candidate -> {
                    int mistakes = distance(word, candidate);
                    int longer = Math.max(word.length(), candidate.length());
                    return mistakes <= Math.max(1, longer / LETTERS_PER_MISTAKE) || candidate.startsWith(word);
                });
    }

    /** {@code ; did you mean "X"?}, or all that there is when nothing is close. */
    static String hint(String word, Collection<String> known) {
        return of(word, known)
                .map(candidate -> "; did you mean \"" + candidate + "\"?")
                .orElseGet(() -> "; known are "
                        + String.join(", ", known.stream().sorted().toList()));
    }

    /** Levenshtein's distance, two letters that changed places counting once (optimal string alignment). */
    private static int distance(String a, String b) {
        int[][] table = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    table[i][j] = i + j;
                    continue;
                }
                int same = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                int least = Math.min(table[i - 1][j - 1] + same, Math.min(table[i - 1][j], table[i][j - 1]) + 1);
                boolean swapped =
                        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
                table[i][j] = swapped ? Math.min(least, table[i - 2][j - 2] + 1) : least;
            }
        }
        return table[a.length()][b.length()];
    }
}
