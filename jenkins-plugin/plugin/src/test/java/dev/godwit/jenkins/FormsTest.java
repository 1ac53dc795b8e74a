package dev.godwit.jenkins;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.godwit.jenkins.pipeline.GodwitTemplateStep;
import dev.godwit.jenkins.sim.Simulator;
import hudson.util.FormValidation;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Parameter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jenkinsci.Symbol;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.kohsuke.stapler.DataBoundConstructor;
import org.kohsuke.stapler.DataBoundSetter;
import org.kohsuke.stapler.verb.POST;

/** Forms, their help and their checks. */
class FormsTest {
    private static final List<Class<?>> DESCRIPTORS =
            List.of(GodwitCloud.DescriptorImpl.class, GodwitAgentTemplate.DescriptorImpl.class);
    private static final List<Class<?>> FORMS =
            List.of(GodwitCloud.class, GodwitAgentTemplate.class, GodwitTemplateStep.class);

    @TempDir
    Path home;

    @Test
    void everyWebMethodNeedsAPostAndAnAdministrator() throws Exception {
        Simulator.start(home).administrator = false;
        int seen = 0;
        for (Class<?> type : DESCRIPTORS) {
            Object descriptor = type.getDeclaredConstructor().newInstance();
            for (Method method : webMethods(type)) {
                assertThat(method.isAnnotationPresent(POST.class))
                        .as(method + " is a POST")
                        .isTrue();
                Object[] nothing = new Object[method.getParameterCount()];
                Arrays.fill(nothing, "");
                assertThatThrownBy(() -> method.invoke(descriptor, nothing))
                        .as(method.toString())
                        .isInstanceOf(InvocationTargetException.class)
                        .hasCauseInstanceOf(SecurityException.class);
                seen++;
            }
        }
        assertThat(seen).isGreaterThanOrEqualTo(22);
    }

    @Test
    void noOtherTypeHasWebMethods() throws IOException, ClassNotFoundException {
        for (Class<?> type : pluginTypes()) {
            if (DESCRIPTORS.stream().noneMatch(type::isAssignableFrom)) {
                assertThat(Stream.of(type.getDeclaredMethods())
                                .filter(each -> each.getName().matches("do[A-Z].*")))
                        .as(type.getName())
                        .isEmpty();
            }
        }
    }

    @Test
    void aBadValueIsRefusedWithASentenceAndAGoodOneIsNot() throws Exception {
        Simulator.start(home);
        GodwitAgentTemplate.DescriptorImpl template = new GodwitAgentTemplate.DescriptorImpl();
        GodwitCloud.DescriptorImpl cloud = new GodwitCloud.DescriptorImpl();
        refused(template.doCheckName("C Build"), "C Build");
        refused(template.doCheckImage(""), "image");
        refused(template.doCheckVcpus("65"), "CPUs 65 is not between 1 and 64.");
        refused(template.doCheckMemoryMib("63"), "63");
        refused(template.doCheckDiskMib("x"), "\"x\" is not a whole number.");
        refused(template.doCheckExecutors("0"), "0");
        refused(template.doCheckInstanceCap("0"), "Instance cap 0 is less than 1.");
        refused(template.doCheckIdleMinutes("-1"), "-1");
        refused(template.doCheckSpareAgents("4", "3"), "Spare agents 4 is not between 0 and 3.");
        refused(template.doCheckEnvironment("A=1\nsecret"), "line 2 of the environment is not NAME=value");
        refused(template.doCheckRunAs("a b"), "a b");
        refused(template.doCheckRemoteFs("agent"), "agent");
        refused(template.doCheckStartTimeoutMinutes("61"), "61");
        refused(template.doCheckNetwork("Team A", "unix:/nowhere", ""), "Team A");
        refused(cloud.doCheckName("a/b"), "a/b");
        refused(cloud.doCheckEndpoints("ftp://host"), "ftp://host");
        refused(cloud.doCheckEndpoints(" "), "at least one");
        refused(cloud.doCheckCertificateDirectory("", "https://host:8443"), "certificate.pem");
        refused(cloud.doCheckCertificateDirectory(home + "/none", "https://host:8443"), "none");
        refused(cloud.doCheckControllerUrl("ftp://x"), "ftp://x");
        refused(cloud.doCheckInstanceCap("many"), "many");
        refused(cloud.doCheckLeaseMinutes("0"), "0");
        refused(cloud.doCheckPauseLimitSeconds("0"), "0");
        assertThat(cloud.doCheckPauseLimitSeconds("31").kind).isEqualTo(FormValidation.Kind.WARNING);
        for (FormValidation good : List.of(
                template.doCheckName("c-build"),
                template.doCheckImage("debian-jenkins"),
                template.doCheckVcpus("64"),
                template.doCheckMemoryMib("1024"),
                template.doCheckEnvironment("A=1\n\nB=x=y"),
                template.doCheckSpareAgents("3", "3"),
                template.doCheckNetwork("", "", ""),
                cloud.doCheckName("godwit"),
                cloud.doCheckEndpoints("https://a:8443, https://b:8443\nunix:/run/godwit/hostd.sock"),
                cloud.doCheckControllerUrl(""),
                cloud.doCheckPauseLimitSeconds("30"))) {
            assertThat(good.kind).as(good.getMessage()).isEqualTo(FormValidation.Kind.OK);
        }
    }

    @Test
    void aVmTemplateIsRefusedAndNotStored() {
        GodwitAgentTemplate template = SimulatedCloud.template();
        assertThatThrownBy(() -> template.setVmTemplate("warm"))
                .hasMessage("agent template \"c\" names the VM template \"warm\", but hostd makes VMs from images only;"
                        + " name an image instead.");
        template.setVmTemplate("");
        assertThat(template.getVmTemplate()).isNull();
    }

    @Test
    void aCloudRefusesAnAgentTemplateWithABadValue() {
        Simulator.start(home);
        GodwitCloud cloud = new GodwitCloud("godwit", "unix:/nowhere", null);
        GodwitAgentTemplate template = SimulatedCloud.template();
        template.setVcpus(0);
        assertThatThrownBy(() -> cloud.setAgentTemplates(List.of(template)))
                .hasMessage("vcpus 0 is not between 1 and 64");
        assertThat(cloud.getAgentTemplates()).isEmpty();
    }

    @Test
    void everyFieldHasAGetterAndHelpAndAnEntry() throws IOException {
        for (Class<?> form : FORMS) {
            String config = view(form, "config.jelly");
            for (String field : fields(form)) {
                // A cloud's name is a public field of Cloud.
                assertThat(Stream.concat(
                                Stream.of(form.getMethods()).map(Method::getName),
                                Stream.of(form.getFields()).map(each -> accessor("get", each.getName()))))
                        .as(form + " " + field)
                        .containsAnyOf(accessor("get", field), accessor("is", field));
                assertThat(view(form, "help-" + field + ".html")).contains("<div>");
                if (!field.equals("vmTemplate")) {
                    assertThat(config).contains("field=\"" + field + "\"");
                }
            }
            Matcher entries = Pattern.compile("field=\"(\\w+)\"").matcher(config);
            while (entries.find()) {
                assertThat(fields(form)).contains(entries.group(1));
            }
            assertThat(config).startsWith("<?jelly escape-by-default='true'?>");
        }
    }

    @Test
    void theIndexOfSymbolsNamesEachClassThatCarriesOne() throws IOException, ClassNotFoundException {
        Set<String> carrying = new TreeSet<>();
        for (Class<?> type : pluginTypes()) {
            if (type.isAnnotationPresent(Symbol.class)) {
                carrying.add(type.getName());
            }
        }
        Path index = MemberListTest.root()
                .resolve(MemberListTest.PLUGIN)
                .resolve("src/offline/resources/META-INF/services/annotations/org.jenkinsci.Symbol");
        assertThat(Files.readAllLines(index)).containsExactlyInAnyOrderElementsOf(carrying);
    }

    private static void refused(FormValidation answer, String part) {
        assertThat(answer.kind).as(answer.getMessage()).isEqualTo(FormValidation.Kind.ERROR);
        assertThat(answer.getMessage()).contains(part);
    }

    private static List<Method> webMethods(Class<?> type) {
        return Stream.of(type.getMethods())
                .filter(each -> each.getName().matches("do[A-Z].*"))
                .filter(each -> each.getDeclaringClass().getName().startsWith("dev.godwit"))
                .toList();
    }

    private static Set<String> fields(Class<?> form) {
        Set<String> fields = new TreeSet<>();
        for (Method each : form.getMethods()) {
            if (each.isAnnotationPresent(DataBoundSetter.class)) {
                fields.add(Character.toLowerCase(each.getName().charAt(3))
                        + each.getName().substring(4));
            }
        }
        Stream.of(form.getConstructors())
                .filter(each -> each.isAnnotationPresent(DataBoundConstructor.class))
                .flatMap(each -> Stream.of(each.getParameters()))
                .map(Parameter::getName) // the build compiles with -parameters, and Stapler relies on it
                .forEach(fields::add);
        return fields;
    }

    private static String accessor(String prefix, String field) {
        return prefix + Character.toUpperCase(field.charAt(0)) + field.substring(1);
    }

    private static String view(Class<?> type, String name) throws IOException {
        return Files.readString(MemberListTest.root()
                .resolve(MemberListTest.PLUGIN)
                .resolve("src/main/resources/" + type.getName().replace('.', '/') + "/" + name));
    }

    private static List<Class<?>> pluginTypes() throws IOException, ClassNotFoundException {
        Path classes = MemberListTest.root().resolve(MemberListTest.PLUGIN).resolve("target/classes");
        List<Class<?>> types = new ArrayList<>();
        try (Stream<Path> files = Files.walk(classes)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".class")
                            && !each.toString().contains("package-info"))
                    .toList()) {
                String name = classes.relativize(file).toString().replace('/', '.');
                types.add(Class.forName(
                        name.substring(0, name.length() - ".class".length()), false, FormsTest.class.getClassLoader()));
            }
        }
        return types;
    }
}
