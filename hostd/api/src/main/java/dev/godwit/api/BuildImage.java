package dev.godwit.api;

/**
 * Asks a host to build an image.
 *
 * @param recipe name of a recipe that hostd ships, for example {@code debian-ci}
 */
public record BuildImage(String name, String recipe) {
    public BuildImage {
        Require.name("image name", name);
        Require.name("recipe", recipe);
    }
}
