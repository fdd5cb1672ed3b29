package kernels

import (
	"cmp"
	"strings"
)

// result is what the tests of a package did on a kernel.
type result struct {
	Kernel  string
	Package string
	Seconds int
	Passed  int      // tests, without those inside of others
	Failed  []string // names, also of those inside of others
	Skipped []skip
	Error   string // how the process ended, if not with success
	Output  string // the end of it, if there is an error
}

// skip is a test that did not run, and why.
type skip struct{ Test, Why string }

// summarize counts the tests in the output of tests with the option -test.v.
func summarize(output string) (r result) {
	last := map[string]string{} // line of each test's log
	running := ""
	for line := range strings.Lines(output) {
		trimmed := strings.TrimSpace(line)
		verdict, rest, _ := strings.Cut(trimmed, ": ")
		test, _, _ := strings.Cut(rest, " ")
		switch {
		case verdict == "--- PASS" && !strings.HasPrefix(line, " "):
			r.Passed++
		case verdict == "--- FAIL":
			r.Failed = append(r.Failed, test)
		case verdict == "--- SKIP":
			r.Skipped = append(r.Skipped, skip{test, cmp.Or(reason(last[test]), "no reason given")})
		case strings.HasPrefix(line, "=== "):
			running = trimmed[strings.LastIndexByte(trimmed, ' ')+1:]
		case verdict != "--- PASS":
			last[running] = trimmed
		}
	}
	return r
}

// reason removes the place in the source from a line of a test's log.
func reason(line string) string {
	if place, text, found := strings.Cut(line, ": "); found && strings.Contains(place, ".go:") {
		return text
	}
	return line
}

// shown is how many bytes of the output of failed tests are kept.
const shown = 16 << 10

// shorten removes lines that say nothing of a failure, and leaves the end of the rest.
func shorten(output string) string {
	var b strings.Builder
	for line := range strings.Lines(output) {
		if !strings.HasPrefix(line, "=== ") && !strings.HasPrefix(strings.TrimSpace(line), "--- PASS") {
			b.WriteString(line)
		}
	}
	if b.Len() > shown {
		return "…" + b.String()[b.Len()-shown:]
	}
	return b.String()
}
