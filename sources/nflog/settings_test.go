package nflog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/sources/nflog"
)

func TestBadSettings(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*nflog.Settings)
		want   string
	}{
		{"negative timeout", func(s *nflog.Settings) { s.Timeout = -1 }, "timeout: -1ns is not between 0s and 1h0m0s"},
		{"long timeout", func(s *nflog.Settings) { s.Timeout = 2 * time.Hour }, "timeout: 2h0m0s is not between 0s and 1h0m0s"},
		{"small buffer", func(s *nflog.Settings) { s.BufferSize = 4095 }, "buffer_size: 4095 is not between 4096 and 1073741824"},
		{"large netlink buffer", func(s *nflog.Settings) { s.NetlinkBuffer = 131073 }, "netlink_buffer: 131073 is not between 4096 and 131072"},
		{"short packets", func(s *nflog.Settings) { s.Snaplen = 63 }, "snaplen: 63 is not between 64 and 65531"},
		{"long packets", func(s *nflog.Settings) { s.Snaplen = 65532 }, "snaplen: 65532 is not between 64 and 65531"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings := nflog.Plugin().NewSettings().(*nflog.Settings)
			tc.change(settings)
			_, err := nflog.Plugin().Build(settings, pipeline.Env{})
			if bad, ok := errors.AsType[*pipeline.SettingError](err); !ok || bad.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestThresholdText(t *testing.T) {
	for _, tc := range []struct {
		text string
		want nflog.Threshold
		err  string
	}{
		{"adaptive", nflog.Adaptive, ""},
		{"1", 1, ""},
		{"65535", 65535, ""},
		{"0", 0, `"0" is not a threshold; write adaptive or a number from 1 to 65535`},
		{"65536", 0, `"65536" is not a threshold; write adaptive or a number from 1 to 65535`},
		{"+1", 0, `"+1" is not a threshold; write adaptive or a number from 1 to 65535`},
		{"", 0, `"" is not a threshold; write adaptive or a number from 1 to 65535`},
	} {
		t.Run(tc.text, func(t *testing.T) {
			var got nflog.Threshold
			err := got.UnmarshalText([]byte(tc.text))
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Fatalf("got error %v, want %s", err, tc.err)
				}
				return
			}
			if err != nil || got != tc.want || got.String() != tc.text {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}
