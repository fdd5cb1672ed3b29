package replaytest_test

import (
	"bytes"
	"encoding/xml"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/offline/replaytest"
)

// TestPrint wants output that is the same at any time.
func TestPrint(t *testing.T) {
	for name, tc := range map[string]struct {
		result replaytest.Result
		want   string
	}{
		"passed": {replaytest.Result{File: "a.yaml", Test: "x"}, "ok    a.yaml: x\n"},
		"renewed": {
			replaytest.Result{File: "a.yaml", Test: "x", Renewed: []string{"x.jsonl"}},
			"ok    a.yaml: x\n      x.jsonl renewed\n",
		},
		"failed": {
			replaytest.Result{File: "a.yaml", Test: "x", Failures: []string{"one", "two\n  three"}},
			"FAIL  a.yaml: x\n      one\n      two\n        three\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := tc.result.Print(&out); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestJUnit(t *testing.T) {
	var out bytes.Buffer
	err := replaytest.WriteJUnit(&out, []replaytest.Result{
		{File: "a.yaml", Test: "x"},
		{File: "a.yaml", Test: `<y> & "z"`, Failures: []string{"p.jsonl differs\n  packet 1: \x01", "forwarded: expected 1, got 2"}},
		{File: "b.toml", Test: "x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1">
  <testsuite name="a.yaml" tests="2" failures="1">
    <testcase classname="a.yaml" name="x"></testcase>
    <testcase classname="a.yaml" name="&lt;y&gt; &amp; &#34;z&#34;">
      <failure message="p.jsonl differs">p.jsonl differs&#xA;  packet 1: ` + "\uFFFD" + `&#xA;forwarded: expected 1, got 2</failure>
    </testcase>
  </testsuite>
  <testsuite name="b.toml" tests="1" failures="0">
    <testcase classname="b.toml" name="x"></testcase>
  </testsuite>
</testsuites>
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := xml.Unmarshal(out.Bytes(), new(struct{ XMLName xml.Name })); err != nil {
		t.Errorf("read it: %v", err)
	}
}
