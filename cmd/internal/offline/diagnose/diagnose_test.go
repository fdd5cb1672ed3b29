package diagnose_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/offline/diagnose"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// report has a mistake of every shape.
func report() diagnose.Report {
	return diagnose.Report{
		Files: []string{"edge.yaml", "/etc/pmtud/a b.toml", "c:d.yaml", "good.yaml"},
		Mistakes: config.Mistakes{
			{File: "edge.yaml", Line: 12, Column: 9, Message: "unknown setting `intreface`", Hint: "did you mean `interface`?", Excerpt: "        intreface: eth0"},
			{File: "edge.yaml", Line: 13, Column: 3, Message: `"<&>" is not a port`, Excerpt: "\t\t<&> \x1b[31m"},
			{File: "/etc/pmtud/a b.toml", Message: "file is empty"},
			{File: "c:d.yaml", Line: 1, Column: 1000, Message: "far away", Excerpt: strings.Repeat("x", 999) + "!" + strings.Repeat("y", 999)},
			{File: "good.yaml", Line: 7, Column: 9, Message: "`any_packet` sends all", Excerpt: "        any_packet: true", Warning: true},
			{Message: "nowhere"},
		},
		Version: "v1.2.3",
	}
}

func write(t *testing.T, format string, r diagnose.Report) string {
	t.Helper()
	var out strings.Builder
	if err := diagnose.Write(&out, format, r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestFormats(t *testing.T) {
	for _, format := range []string{diagnose.JSON, diagnose.SARIF} {
		goldentest.Compare(t, "testdata/report."+format, write(t, format, report()))
		goldentest.Compare(t, "testdata/none."+format, write(t, format, diagnose.Report{}))
	}
	if err := diagnose.Write(new(strings.Builder), "xml", report()); err == nil {
		t.Error("xml is no error")
	}
}

func TestText(t *testing.T) {
	mistakes := report().Mistakes
	for name, tc := range map[string]struct {
		term, noColor string
		terminal      bool
		coloured      bool
	}{
		"terminal":       {"xterm", "", true, true},
		"no terminal":    {"xterm", "", false, false},
		"dumb terminal":  {"dumb", "", true, false},
		"no TERM":        {"", "", true, false},
		"NO_COLOR":       {"xterm", "1", true, false},
		"empty NO_COLOR": {"xterm", "", true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TERM", tc.term)
			t.Setenv("NO_COLOR", tc.noColor)
			golden := "plain.txt"
			if tc.coloured {
				golden = "coloured.txt"
			}
			goldentest.Compare(t, "testdata/"+golden, diagnose.Text(mistakes, tc.terminal)+"\n")
		})
	}
	if diff := cmp.Diff(mistakes.Error(), diagnose.Text(mistakes, false)); diff != "" {
		t.Errorf("text differs from the error (-error +text):\n%s", diff)
	}
}

// TestSARIF checks what the schema of SARIF 2.1.0 requires of the objects that are
// written.
func TestSARIF(t *testing.T) {
	for name, r := range map[string]diagnose.Report{"mistakes": report(), "none": {}} {
		t.Run(name, func(t *testing.T) {
			var log struct {
				Version string
				Runs    []struct {
					Tool *struct {
						Driver *struct {
							Name           string
							InformationURI string
							Rules          []struct{ ID string }
						}
					}
					ColumnKind string
					Artifacts  []struct{ Location struct{ URI string } }
					Results    []struct {
						RuleID    string
						Level     string
						Message   *struct{ Text string }
						Locations []struct {
							PhysicalLocation *struct {
								ArtifactLocation *struct{ URI string }
								Region           *struct{ StartLine, StartColumn int }
							}
						}
					}
				}
			}
			if err := json.Unmarshal([]byte(write(t, diagnose.SARIF, r)), &log); err != nil {
				t.Fatal(err)
			}
			if log.Version != "2.1.0" || len(log.Runs) != 1 {
				t.Fatalf("version %q, %d runs", log.Version, len(log.Runs))
			}
			run := log.Runs[0]
			if run.Tool == nil || run.Tool.Driver == nil || run.Tool.Driver.Name == "" || run.Results == nil {
				t.Fatalf("run lacks its tool or its results: %+v", run)
			}
			if run.ColumnKind != "unicodeCodePoints" {
				t.Errorf("columns are %q", run.ColumnKind)
			}
			wantURI(t, run.Tool.Driver.InformationURI)
			for _, a := range run.Artifacts {
				wantURI(t, a.Location.URI)
			}
			for i, result := range run.Results {
				m := r.Mistakes[i]
				if result.Message == nil || result.Message.Text == "" || (result.Level == "warning") != m.Warning || result.RuleID != run.Tool.Driver.Rules[0].ID {
					t.Errorf("result is %+v", result)
				}
				if (len(result.Locations) == 1) != (m.File != "") {
					t.Errorf("%d locations of %v", len(result.Locations), m)
				}
				for _, l := range result.Locations {
					wantURI(t, l.PhysicalLocation.ArtifactLocation.URI)
					if region := l.PhysicalLocation.Region; (region != nil) != (m.Line > 0) ||
						region != nil && (region.StartLine != m.Line || region.StartColumn != m.Column) {
						t.Errorf("region is %+v of %v", region, m)
					}
				}
			}
		})
	}
}

func wantURI(t *testing.T, text string) {
	t.Helper()
	if u, err := url.Parse(text); err != nil || u.String() != text || strings.Contains(text, " ") {
		t.Errorf("%q is not a URI: %v", text, err)
	}
}
