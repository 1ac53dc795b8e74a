/** What a demo came to: report.json, report.html and the timeline on the terminal. */
@NullMarked
package dev.godwit.lab.report;

import org.jspecify.annotations.NullMarked;
