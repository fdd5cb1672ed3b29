// Package manual makes the pages that are committed beside the code of what the code
// says of itself: manual pages of the commands and of the configuration file, and the
// tables of the documents. It is used by a test, which fails when they differ and renews
// them with -update; the program does not contain it.
package manual
