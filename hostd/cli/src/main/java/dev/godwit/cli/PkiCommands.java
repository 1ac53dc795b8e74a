package dev.godwit.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** {@code godwit pki ...}, {@code godwit host invite} and {@code godwit host join}. */
final class PkiCommands {
    /** Signs certificates with a library that other commands must not wait for. */
    private static final String SIGNER = "dev.godwit.pki.PkiCommand";

    private final Session session;

    PkiCommands(Session session) {
        this.session = session;
    }

    void invite(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("host invite", line, Set.of("--minutes"), Set.of());
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("host", arguments.words("HOST").get(0));
        if (arguments.value("--minutes") != null) {
            body.put("minutes", arguments.number("--minutes", 0));
        }
        byte[] document = post("/v1/pki/invitations", body);
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> invited = Json.object(document);
        session.err()
                .println("On " + Json.text(invited, "host") + ", once, until " + Json.text(invited, "expires")
                        + " (authority " + Json.text(invited, "fingerprint") + "):");
        session.out().println("godwit host join " + Json.text(invited, "token"));
    }

    void revoke(List<String> line) throws Failure, IOException {
        Arguments arguments = new Arguments("pki revoke", line, Set.of(), Set.of());
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("subject", arguments.words("ROLE/NAME|SERIAL").get(0));
        byte[] document = post("/v1/pki/revocations", body);
        if (session.json()) {
            session.document(document);
            return;
        }
        Map<String, @Nullable Object> revoked = Json.object(document);
        session.out()
                .println(Json.text(revoked, "subject") + " is revoked: what was issued until "
                        + Json.text(revoked, "at") + " is taken no longer");
    }

    void revocations(List<String> line) throws Failure, IOException {
        new Arguments("pki revocations", line, Set.of(), Set.of()).words();
        byte[] document = session.fleet().get("/v1/pki/revocations");
        if (session.json()) {
            session.document(document);
            return;
        }
        Table table = new Table("SUBJECT", "ISSUED UNTIL");
        for (Object element : Json.list(document)) {
            Map<String, @Nullable Object> revoked = Json.asObject(element);
            table.row(Json.text(revoked, "subject"), Json.text(revoked, "at"));
        }
        session.out().print(table);
    }

    private byte[] post(String path, Map<String, @Nullable Object> body) throws Failure, IOException {
        Fleet fleet = session.fleet();
        return fleet.document(fleet.once(Request.post(path, Json.bytes(body)), Fleet.ANSWER_MILLIS));
    }

    /** Runs a command of hostd's library, which is loaded for it alone. */
    static int elsewhere(List<String> words, PrintStream out, PrintStream err) throws Failure, IOException {
        Path library = Path.of(PkiCommands.class
                        .getProtectionDomain()
                        .getCodeSource()
                        .getLocation()
                        .getPath())
                .resolveSibling("hostd.jar");
        ClassLoader parent = PkiCommands.class.getClassLoader();
        try (URLClassLoader loader = new URLClassLoader(
                Files.exists(library) ? new URL[] {library.toUri().toURL()} : new URL[0], parent)) {
            out.flush();
            return (int) loader.loadClass(SIGNER)
                    .getMethod("run", List.class, PrintStream.class, PrintStream.class)
                    .invoke(null, words, out, err);
        } catch (ClassNotFoundException e) {
            throw new Failure(
                    Failure.FAILED,
                    library + " is missing; 'godwit " + words.get(0) + "' needs it. Install Godwit again.",
                    e);
        } catch (InvocationTargetException e) {
            throw new Failure(Failure.FAILED, "It broke: " + e.getCause() + ".", e);
        } catch (ReflectiveOperationException e) {
            throw new Failure(Failure.FAILED, library + " is of another version. Install Godwit again.", e);
        }
    }
}
