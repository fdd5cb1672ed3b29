package mtu_test

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"testing"

	"github.com/pmtud/pmtud/filters/mtu"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/setting"
)

var router6 = netip.MustParseAddr("2001:db8:f::1")

func TestPlugin(t *testing.T) {
	pipelinetest.TestFilter(t, mtu.Plugin(), nil)
	pipelinetest.TestFilter(t, mtu.Plugin(), &mtu.Settings{Min: 1280, Max: 1499, Strict: true})
}

func TestFilter(t *testing.T) {
	defaults := *mtu.Plugin().NewSettings().(*mtu.Settings)
	strict := defaults
	strict.Strict = true
	tests := []struct {
		name     string
		settings mtu.Settings
		mtu      uint32
		want     pipeline.Reason
	}{
		{"lowest", defaults, 68, pipeline.Pass},
		{"below", defaults, 67, mtu.BadMTU},
		{"one", defaults, 1, mtu.BadMTU},
		{"highest", defaults, 16384, pipeline.Pass},
		{"above", defaults, 16385, mtu.BadMTU},
		{"highest of IPv4", defaults, 65535, mtu.BadMTU},
		{"highest of IPv6", defaults, math.MaxUint32, mtu.BadMTU},
		{"2^31", defaults, 1 << 31, mtu.BadMTU},
		{"low half plausible", defaults, 1<<16 + 1400, mtu.BadMTU},
		{"strict, lowest", strict, 576, pipeline.Pass},
		{"strict, below", strict, 575, mtu.StrictMTU},
		{"strict, highest", strict, 1499, pipeline.Pass},
		{"strict, above", strict, 1500, mtu.StrictMTU},
		{"strict, lowest allowed", strict, 68, mtu.StrictMTU},
		{"strict, below min", strict, 67, mtu.BadMTU},
		{"strict, above max", strict, 16385, mtu.BadMTU},
		{"own range, lowest", mtu.Settings{Min: 1280, Max: 1300}, 1280, pipeline.Pass},
		{"own range, below", mtu.Settings{Min: 1280, Max: 1300}, 1279, mtu.BadMTU},
		{"own range, highest", mtu.Settings{Min: 1280, Max: 1300}, 1300, pipeline.Pass},
		{"own range, above", mtu.Settings{Min: 1280, Max: 1300}, 1301, mtu.BadMTU},
		{"range of one", mtu.Settings{Min: 1400, Max: 1400}, 1400, pipeline.Pass},
		{"everything", mtu.Settings{Max: math.MaxUint32}, math.MaxUint32, pipeline.Pass},
	}
	for _, tc := range tests {
		messages := []pipelinetest.PTB{{MTU: tc.mtu, Router: router6}}
		if tc.mtu <= math.MaxUint16 {
			messages = append(messages, pipelinetest.PTB{MTU: tc.mtu})
		}
		for _, m := range messages {
			p := m.Packet(pipelinetest.Begin)
			p.Decode()
			t.Run(fmt.Sprintf("IPv%d, %s", p.PTB, tc.name), func(t *testing.T) {
				f, err := mtu.New(tc.settings, pipelinetest.Env(t))
				if err != nil {
					t.Fatal(err)
				}
				if got := pipelinetest.Decide(f, &p); got != tc.want {
					t.Errorf("reason %d, want %d", got, tc.want)
				}
			})
		}
	}
}

func TestNoMTU(t *testing.T) {
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	for name, change := range map[string]func(*pipeline.Packet){
		"zero":    func(p *pipeline.Packet) { p.Data[40], p.Data[41] = 0, 0 },
		"cut":     func(p *pipeline.Packet) { p.Data = p.Data[:41] },
		"no PTB":  func(p *pipeline.Packet) { p.Data[35] = 3 },
		"no byte": func(p *pipeline.Packet) { p.Data = nil },
	} {
		t.Run(name, func(t *testing.T) {
			for least, want := range map[uint32]pipeline.Reason{0: mtu.BadMTU, 1: mtu.BadMTU} {
				if name == "zero" && least == 0 {
					want = pipeline.Pass // it has one, and that is allowed
				}
				f, err := mtu.New(mtu.Settings{Min: least, Max: math.MaxUint32}, pipelinetest.Env(t))
				if err != nil {
					t.Fatal(err)
				}
				q := p
				q.Data = append([]byte(nil), p.Data...)
				change(&q)
				if got := pipelinetest.Decide(f, &q); got != want {
					t.Errorf("from %d on: reason %d, want %d", least, got, want)
				}
			}
		})
	}
}

func TestNewRefusesAnEmptyRange(t *testing.T) {
	for name, tc := range map[string]struct {
		settings mtu.Settings
		setting  string // "" if there is nothing wrong
		text     string // of the error
	}{
		"min above max":                 {mtu.Settings{Min: 1500, Max: 1499}, "min", "min: must not be above max, 1499"},
		"max below the default of min":  {mtu.Settings{Min: 68, Max: 67}, "max", "max: must not be below min, 68"},
		"max as low as min":             {mtu.Settings{Min: 68, Max: 68}, "", ""},
		"all below what strict allows":  {mtu.Settings{Min: 68, Max: 575, Strict: true}, "strict", "strict: lets only 576 to 1499 pass, and min and max only 68 to 575: nothing would pass"},
		"all above what strict allows":  {mtu.Settings{Min: 1500, Max: 9000, Strict: true}, "strict", "strict: lets only 576 to 1499 pass, and min and max only 1500 to 9000: nothing would pass"},
		"lowest of what strict allows":  {mtu.Settings{Min: 68, Max: 576, Strict: true}, "", ""},
		"highest of what strict allows": {mtu.Settings{Min: 1499, Max: 9000, Strict: true}, "", ""},
		"not strict, all below":         {mtu.Settings{Min: 68, Max: 575}, "", ""},
		"not strict, all above":         {mtu.Settings{Min: 1500, Max: 9000}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := mtu.New(tc.settings, pipelinetest.Env(t))
			var setting *setting.Error
			if tc.setting == "" && err == nil {
				return
			}
			if !errors.As(err, &setting) || setting.Setting != tc.setting || err.Error() != tc.text {
				t.Errorf("error %v, want %q about %q", err, tc.text, tc.setting)
			}
		})
	}
}
