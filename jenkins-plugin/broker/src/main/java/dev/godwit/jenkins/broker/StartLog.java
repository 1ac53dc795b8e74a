package dev.godwit.jenkins.broker;

/** Where the start of an agent says what it does, a line at a time: the agent's log in Jenkins. Never holds the secret. */
@FunctionalInterface
public interface StartLog {
    void line(String sentence);
}
