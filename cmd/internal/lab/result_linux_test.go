package lab_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/lab"
)

// healthy is the result of an experiment that went as it must.
func healthy(withPmtud bool) lab.Result {
	r := lab.Result{
		Config:    lab.Config{Bytes: 500_000},
		Downloads: make([]lab.Download, 40),
		Servers: []lab.ServerResult{
			{Name: "server0", Connections: 27, Hung: 27},
			{Name: "server1", Connections: 13, Completed: 13, PTBs: 7},
		},
		Completed: 13, Hung: 27,
		Traffic: lab.Traffic{PTBs: 7, PTBsTo: map[string]int{"server1": 7}},
	}
	if withPmtud {
		r.Config.Arguments = lab.OnLAN()
		r.Servers[0].Completed, r.Servers[0].Hung = 27, 0
		r.Completed, r.Hung = 40, 0
		r.Traffic.Broadcasts = 1
		r.Slowest = 410 * time.Millisecond
		r.TimeToRecover = lab.Spread{P50: 20 * time.Millisecond, Max: 210 * time.Millisecond}
		r.Exits = []lab.Exit{{Server: "server0"}, {Server: "server1"}}
	}
	return r
}

func TestResultString(t *testing.T) {
	got := []string{healthy(false).String(), healthy(true).String()}
	want := []string{
		"without pmtud: 40 downloads of 500 kB, 13 completed, 27 hung (all 27 on servers that never saw the PTB)",
		"with pmtud:    40 downloads of 500 kB, 40 completed, slowest 0.41 s (servers without a PTB of their own recovered in 0.21 s, median 0.02 s); 7 PTBs arrived, 1 broadcast sent, copies of copies: none",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestResultCheck(t *testing.T) {
	for _, tc := range []struct {
		name      string
		withPmtud bool
		change    func(*lab.Result)
		want      string // part of the error; "" for none
	}{
		{"as it must be without", false, func(*lab.Result) {}, ""},
		{"as it must be with", true, func(*lab.Result) {}, ""},
		{"wrong server recovers by itself", false, func(r *lab.Result) { r.Servers[0].Hung = 26 }, "server0, which the router sent 0 PTBs: 26 of 27 downloads hung, want 27"},
		{"right server hangs", false, func(r *lab.Result) { r.Servers[1].Hung = 1 }, "server1, which the router sent 7 PTBs: 1 of 13 downloads hung, want 0"},
		{"not healed", true, func(r *lab.Result) { r.Servers[0].Hung = 1 }, "1 of 27 downloads hung, want 0"},
		{"no PTB at all", false, func(r *lab.Result) { clear(r.Traffic.PTBsTo) }, "PTBs to 0 servers"},
		{"copies without pmtud", false, func(r *lab.Result) { r.Traffic.Broadcasts = 1 }, "1 PTBs were broadcast without pmtud"},
		{"copies of copies", true, func(r *lab.Result) { r.Traffic.CopiesOfCopies = 1 }, "1 of 1 broadcasts copy no PTB"},
		{"peers relay each other's", true, func(r *lab.Result) { r.Traffic.Relayed = 8 }, "7 PTBs were relayed 8 times to 1 peers"},
		{"a PTB is relayed twice", true, func(r *lab.Result) { r.Traffic.Datagrams = 8 }, "7 PTBs made 8 datagrams to 1 peers"},
		{"blind sniffer", true, func(r *lab.Result) { r.Traffic.Lost = 3 }, "lost 3 frames"},
		{"daemon fails", true, func(r *lab.Result) { r.Exits[1].Status, r.Exits[1].Stderr = 1, "oh\n" }, "pmtud on server1 ended with status 1: oh"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := healthy(tc.withPmtud)
			tc.change(&r)
			err := r.Check()
			switch {
			case tc.want == "" && err != nil:
				t.Errorf("got error %v", err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}
