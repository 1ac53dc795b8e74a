package net.sf.json;

/** Signature of {@code net.sf.json.JSONObject}: only its name is used. */
public final class JSONObject {}
