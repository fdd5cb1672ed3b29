package setting_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/setting"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]setting.Size{
		"0": 0, "1500": 1500, "1500B": 1500, "10MiB": 10 << 20, "10 MiB": 10 << 20, "1.5KiB": 1536,
		"10MB": 10e6, "2kB": 2000, "1GiB": 1 << 30, "1TiB": 1 << 40, "3GB": 3e9, "1e6": 1e6,
	} {
		var got setting.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %d and %v", text, got, err)
		}
		var again setting.Size
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != want {
			t.Errorf("%q: %v is read as %d, %v", text, got, again, err)
		}
	}
	for want, size := range map[string]setting.Size{
		"0": 0, "1": 1, "1000": 1000, "1KiB": 1 << 10, "1025": 1<<10 + 1, "1500KiB": 1500 << 10,
		"1MiB": 1 << 20, "1GiB": 1 << 30, "1TiB": 1 << 40, "1024TiB": 1 << 50, "3GiB": 3 << 30,
	} {
		if got := size.String(); got != want {
			t.Errorf("%d: %q, want %q", size, got, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "-1KiB", "10 MiBs", "x", "1e30", "9223372036854775808", "8388608TiB", "NaN", "Inf", "10M"} {
		var got setting.Size
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %d", text, got)
		}
	}
}
