package dev.godwit.net;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Keys and values as {@code native/bpf/maps.h} lays them out: little endian, addresses as in packets. */
final class Keys {
    private static final int VM_BYTES = 20;
    private static final int FLOW_BYTES = 44;
    private static final int PREFIX_BYTES = 24;
    private static final int NUMBER_BITS = 32;
    static final byte[] ZERO = new byte[Integer.BYTES];
    static final byte[] NO_ADDRESS = new byte[Addresses.BYTES];

    private Keys() {}

    static ByteBuffer buffer(int bytes) {
        return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static ByteBuffer read(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    static byte[] number(int value) {
        return buffer(Integer.BYTES).putInt(value).array();
    }

    static byte[] vm(VmAddress vm) {
        return buffer(VM_BYTES)
                .putInt(vm.vni())
                .put(Addresses.mapped(vm.address()))
                .array();
    }

    static VmAddress vm(byte[] key) {
        ByteBuffer bytes = read(key);
        return new VmAddress(bytes.getInt(), address(bytes));
    }

    static InetAddress address(ByteBuffer bytes) {
        byte[] octets = new byte[Addresses.BYTES];
        bytes.get(octets);
        return Addresses.of(octets);
    }

    static byte[] octets(ByteBuffer bytes) {
        byte[] octets = new byte[Addresses.BYTES];
        bytes.get(octets);
        return octets;
    }

    static byte[] prefix(int number, Prefix prefix) {
        return buffer(PREFIX_BYTES)
                .putInt(NUMBER_BITS + prefix.mappedLength())
                .putInt(number)
                .put(Addresses.mapped(prefix.address()))
                .array();
    }

    static byte[] flow(FlowKey key) {
        return buffer(FLOW_BYTES)
                .putInt(key.vm().vni())
                .put(Addresses.mapped(key.vm().address()))
                .put(Addresses.mapped(key.remote()))
                .putShort((short) key.vmPort())
                .putShort((short) key.remotePort())
                .put((byte) key.protocol())
                .array();
    }

    /** Reads a flow's key and leaves the buffer after it. */
    static FlowKey flow(ByteBuffer bytes) {
        int end = bytes.position() + FLOW_BYTES;
        int vni = bytes.getInt();
        InetAddress vm = address(bytes);
        InetAddress remote = address(bytes);
        int vmPort = Short.toUnsignedInt(bytes.getShort());
        int remotePort = Short.toUnsignedInt(bytes.getShort());
        int protocol = Byte.toUnsignedInt(bytes.get());
        bytes.position(end);
        return new FlowKey(new VmAddress(vni, vm), remote, protocol, vmPort, remotePort);
    }
}
