package jenkins.util;

import dev.godwit.jenkins.sim.Simulator;
import java.lang.reflect.Proxy;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Simulated: what is scheduled once, in virtual time. */
public class Timer {
    private Timer() {}

    public static ScheduledExecutorService get() {
        return (ScheduledExecutorService) Proxy.newProxyInstance(
                Timer.class.getClassLoader(),
                new Class<?>[] {ScheduledExecutorService.class},
                (proxy, method, args) -> {
                    if (!method.getName().equals("schedule")) {
                        throw new UnsupportedOperationException(method.getName());
                    }
                    Simulator.current().after(((TimeUnit) args[2]).toMillis((long) args[1]), (Runnable) args[0]);
                    return null;
                });
    }
}
