package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd"
	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/testkit/goldentest"
)

// TestBroken compares what Load says of files that people might write, with one
// mistake each, with the golden files beside them. Those called five have five.
func TestBroken(t *testing.T) {
	t.Chdir("testdata/broken")
	for _, name := range goldenInputs(t) {
		t.Run(name, func(t *testing.T) {
			_, err := config.Load(t.Context(), []string{name}, cmd.Plugins())
			var mistakes config.Mistakes
			errors.As(err, &mistakes)
			want := 1
			if strings.HasPrefix(name, "five") {
				want = 5
			}
			if len(mistakes) != want {
				t.Errorf("%d mistakes, want %d", len(mistakes), want)
			}
			goldentest.Compare(t, name+".golden", mistakes.Error()+"\n")
		})
	}
}
