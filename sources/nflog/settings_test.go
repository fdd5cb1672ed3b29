package nflog_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/setting"
	"github.com/pmtud/pmtud/sources/nflog"
)

func TestBadSettings(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*nflog.Settings)
		want   string
	}{
		{"negative timeout", func(s *nflog.Settings) { s.Timeout = -1 }, "timeout: must be from 0s to 1h, not -1ns"},
		{"long timeout", func(s *nflog.Settings) { s.Timeout = 2 * time.Hour }, "timeout: must be from 0s to 1h, not 2h"},
		{"small buffer", func(s *nflog.Settings) { s.BufferSize = 4095 }, "buffer_size: must be from 4KiB to 1GiB, not 4095"},
		{"large netlink buffer", func(s *nflog.Settings) { s.NetlinkBuffer = 131073 }, "netlink_buffer: must be from 4KiB to 128KiB, not 131073"},
		{"short packets", func(s *nflog.Settings) { s.Snaplen = 63 }, "snaplen: must be from 64 to 65531, not 63"},
		{"long packets", func(s *nflog.Settings) { s.Snaplen = 65532 }, "snaplen: must be from 64 to 65531, not 65532"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			settings := nflog.Plugin().NewSettings().(*nflog.Settings)
			tc.change(settings)
			_, err := nflog.Plugin().Build(settings, pipeline.Env{})
			if bad, ok := errors.AsType[*setting.Error](err); !ok || bad.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestDefaults(t *testing.T) {
	want := &nflog.Settings{Threshold: nflog.Adaptive, BufferSize: 8 << 20, NetlinkBuffer: 128 << 10, Snaplen: 2048}
	if diff := cmp.Diff(want, nflog.Plugin().NewSettings()); diff != "" {
		t.Errorf("settings (-want +got):\n%s", diff)
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
