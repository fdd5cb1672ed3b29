package manual_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/pmtud/pmtud/cmd/internal/testkit/manual"
)

// command returns a command line whose texts hold what roff would take for commands.
func command() *cobra.Command {
	root := &cobra.Command{
		Use: "tool [options]", Short: `.short 'text' with \fBroff\fR`,
		Example: "  tool -o x\n    --dry\n\n  tool sub x",
		Long:    "Long.\n.ne 99\n'quoted\n\n  indented  as it is\n  $ tool -x\n\nThe end.",
		Run:     func(*cobra.Command, []string) {}, DisableFlagsInUseLine: true,
	}
	root.Flags().StringP("output", "o", "-", "`FILE` to write")
	root.Flags().Bool("dry", false, "do nothing")
	root.AddCommand(&cobra.Command{
		Use: "sub NAME", Short: "do a part", Run: func(*cobra.Command, []string) {}, DisableFlagsInUseLine: true,
	})
	return root
}

func TestPages(t *testing.T) {
	pages := manual.Pages(command())
	if len(pages) != 2 {
		t.Fatalf("%d pages", len(pages))
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("needs groff")
	}
	for name, want := range map[string][]string{
		"tool.1": {
			`tool - .short 'text' with \fBroff\fR`, "tool [options]\n tool sub NAME", ".ne 99 'quoted",
			" indented as it is\n $ tool -x\n", "-o, --output=FILE\n FILE to write (default -)", "--dry do nothing",
			"SIGHUP reload", "EXAMPLES\n tool -o x\n --dry\n tool sub x\n", "SEE ALSO\n tool-sub(1), tool.conf(5),",
		},
		"tool-sub.1": {"tool sub NAME", "Do a part."},
	} {
		c := exec.Command(groff, "-man", "-ww", "-Tascii", "-P-cbou")
		c.Stdin = strings.NewReader(pages[name])
		out, err := c.CombinedOutput()
		if err != nil || strings.Contains(string(out), "warning") {
			t.Fatalf("%v: %s", err, out)
		}
		for _, want := range want {
			if !strings.Contains(squeeze(string(out)), want) {
				t.Errorf("%q is missing in\n%s", want, squeeze(string(out)))
			}
		}
	}
}

// squeeze makes one blank of several and leaves out empty lines.
func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if fields := strings.Fields(line); len(fields) > 0 {
			lines = append(lines, " "+strings.Join(fields, " "))
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

func TestOptionTable(t *testing.T) {
	want := "| option | meaning |\n|---|---|\n" +
		"| `--dry` | do nothing |\n" +
		"| `-o`, `--output` | `FILE` to write (default -) |\n"
	if diff := cmp.Diff(want, manual.OptionTable(command().Flags())); diff != "" {
		t.Error(diff)
	}
}

func TestReplace(t *testing.T) {
	const begin, end = "<!-- begin x: made by \"make generate\" -->\n", "<!-- end x -->\n"
	got, err := manual.Replace("a\n"+begin+"old\n"+end+"b\n", "x", "new\n")
	if err != nil || got != "a\n"+begin+"new\n"+end+"b\n" {
		t.Errorf("got %q, %v", got, err)
	}
	for _, document := range []string{"", begin, end, end + begin} {
		if _, err := manual.Replace(document, "x", ""); err == nil {
			t.Errorf("%q: no error", document)
		}
	}
}
