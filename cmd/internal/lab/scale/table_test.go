package scale_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/lab/scale"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
	"github.com/pmtud/pmtud/configs"
)

// The tables stand between these lines of the package's documentation.
const (
	begin = "go run ./cmd/pmtud-scale\n//\n"
	end   = "package scale\n"
)

// TestTables compares the tables of the documentation with what is computed and simulated.
func TestTables(t *testing.T) {
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, foundBegin := strings.Cut(string(text), begin)
	want, after, foundEnd := strings.Cut(rest, end)
	if !foundBegin || !foundEnd {
		t.Fatal("doc.go has no place for the tables")
	}
	var tables strings.Builder
	if err := scale.Write(&tables, scale.Sizes); err != nil {
		t.Fatal(err)
	}
	got := comment(tables.String())
	if *goldentest.Update {
		want = got
		if err := os.WriteFile("doc.go", []byte(before+begin+got+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("doc.go is not true; go test -update makes it so (-doc.go +computed):\n%s", diff)
	}
}

// comment returns text as a preformatted part of a comment.
func comment(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight("//\t"+line, "\t \n") + "\n")
	}
	return b.String()
}

// TestNobodyGetsMore wants the advised limits to keep the budget, whatever the size.
func TestNobodyGetsMore(t *testing.T) {
	for n := scale.MinSize; n <= 20_000; n++ {
		l := scale.Advise(n)
		if got := l.Rate * float64(n-1); got > scale.Budget || l.Rate < 1 || l.Burst < 12 {
			t.Fatalf("%d servers: limit %+v, %.0f packets per second from all others", n, l, got)
		}
	}
}

// TestRelayConfiguration wants configs/relay.yaml to have the limits of the tables.
func TestRelayConfiguration(t *testing.T) {
	for _, want := range []string{"rate: 500\n        burst: 900\n", "rate: 50000\n"} {
		if !strings.Contains(configs.Relay, want) {
			t.Errorf("relay.yaml has no limit of %q", want)
		}
	}
}
