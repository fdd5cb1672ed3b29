package cmd_test

import (
	"debug/buildinfo"
	"strings"
	"testing"
)

// TestLinked wants the program to have none of what only its tests and its lab need.
func TestLinked(t *testing.T) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		t.Fatal(err)
	}
	hasClient := false
	for _, m := range info.Deps {
		for _, unwanted := range []string{"nats-server", "go-cmp", "chromedp", "go-json-experiment"} {
			if strings.Contains(m.Path, unwanted) {
				t.Errorf("the program has %s", m.Path)
			}
		}
		hasClient = hasClient || m.Path == "github.com/nats-io/nats.go"
	}
	if !hasClient {
		t.Errorf("the program has no client of NATS: its modules are not known (%d)", len(info.Deps))
	}
}
