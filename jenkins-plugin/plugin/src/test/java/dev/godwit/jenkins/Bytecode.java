package dev.godwit.jenkins;

import java.io.IOException;
import java.io.InputStream;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.NullUnmarked;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.FieldVisitor;
import org.objectweb.asm.Handle;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;

/** The members of other classes that a class file names, one a line: {@code owner#name descriptor}; types as {@code owner}. */
@NullUnmarked
final class Bytecode {
    private final Set<String> references = new TreeSet<>();
    private String self = "";

    private Bytecode() {}

    static Set<String> references(InputStream classFile) throws IOException {
        Bytecode found = new Bytecode();
        new ClassReader(classFile).accept(found.new Types(), ClassReader.SKIP_FRAMES);
        return found.references;
    }

    private void member(String owner, String name, String descriptor) {
        if (!owner.startsWith("[")) {
            references.add(owner + "#" + name + " " + descriptor);
        }
    }

    private void type(String internalName) {
        if (internalName != null && !internalName.startsWith("[") && !internalName.equals(self)) {
            references.add(internalName);
        }
    }

    private void annotation(String descriptor) {
        type(descriptor.substring(1, descriptor.length() - 1));
    }

    private final class Types extends ClassVisitor {
        Types() {
            super(Opcodes.ASM9);
        }

        @Override
        public void visit(
                int version, int access, String name, String signature, String superName, String[] interfaces) {
            self = name;
            type(superName);
            for (String each : interfaces) {
                type(each);
            }
        }

        @Override
        public org.objectweb.asm.AnnotationVisitor visitAnnotation(String descriptor, boolean visible) {
            annotation(descriptor);
            return null;
        }

        @Override
        public FieldVisitor visitField(int access, String name, String descriptor, String signature, Object value) {
            return null;
        }

        @Override
        public MethodVisitor visitMethod(
                int access, String name, String descriptor, String signature, String[] thrown) {
            return new Code();
        }
    }

    private final class Code extends MethodVisitor {
        Code() {
            super(Opcodes.ASM9);
        }

        @Override
        public org.objectweb.asm.AnnotationVisitor visitAnnotation(String descriptor, boolean visible) {
            annotation(descriptor);
            return null;
        }

        @Override
        public org.objectweb.asm.AnnotationVisitor visitParameterAnnotation(
                int parameter, String descriptor, boolean visible) {
            annotation(descriptor);
            return null;
        }

        @Override
        public void visitFieldInsn(int opcode, String owner, String name, String descriptor) {
            member(owner, name, descriptor);
        }

        @Override
        public void visitMethodInsn(int opcode, String owner, String name, String descriptor, boolean isInterface) {
            member(owner, name, descriptor);
        }

        @Override
        public void visitTypeInsn(int opcode, String name) {
            type(name);
        }

        @Override
        public void visitInvokeDynamicInsn(String name, String descriptor, Handle bootstrap, Object... arguments) {
            for (Object each : arguments) {
                if (each instanceof Handle handle) {
                    member(handle.getOwner(), handle.getName(), handle.getDesc());
                }
            }
        }
    }
}
