package pipeline_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]pipeline.Size{
		"0": 0, "1500": 1500, "1500B": 1500, "10MiB": 10 << 20, "10 MiB": 10 << 20, "1.5KiB": 1536,
		"10MB": 10e6, "2kB": 2000, "1GiB": 1 << 30, "1TiB": 1 << 40, "3GB": 3e9, "1e6": 1e6,
	} {
		var got pipeline.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %d and %v", text, got, err)
		}
		var again pipeline.Size
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%q: %v is read as %d, %v", text, got, again, err)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "10 MiBs", "x", "1e30", "NaN", "10M"} {
		var got pipeline.Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d", text, got)
		}
	}
}
