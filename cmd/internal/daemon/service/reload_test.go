package service_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

func wantEvents(t *testing.T, what string, want, got []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestReload(t *testing.T) {
	a := declared{{"a", stage{}}}
	ab := declared{{"a", stage{}}, {"b", stage{Version: 1}}}
	x := func(version int, more ...stage) declared {
		s := stage{Version: version, Exclusive: "group"}
		for range more {
			s.Refuse = true
		}
		return declared{{"a", stage{}}, {"x", s}}
	}
	tests := map[string]struct {
		before, after declared
		bad           error
		events        []string // in order
		states        []string
		failure       string // of the reload; empty for a good one
	}{
		"nothing changes": {before: ab, after: ab, states: []string{"a", "b"}},
		"order changes":   {before: ab, after: declared{ab[1], ab[0]}, states: []string{"b", "a"}},
		"one changes": {
			before: ab, after: declared{{"a", stage{}}, {"b", stage{Version: 2}}},
			events: []string{"open b2", "close b1"}, states: []string{"a", "b"},
		},
		"one comes": {before: a, after: ab, events: []string{"open b1"}, states: []string{"a", "b"}},
		"one goes":  {before: ab, after: a, events: []string{"close b1"}, states: []string{"a"}},
		"does not load": {
			before: ab, after: a, bad: errors.New("edge.yaml:3:4: bad"), states: []string{"a", "b"},
			failure: "edge.yaml:3:4: bad",
		},
		"can't be built": {
			before: a, after: declared{{"a", stage{Version: 2}}, {"b", stage{BadBuild: true}}}, states: []string{"a"},
			failure: "source test: badly built",
		},
		"can't be opened": {
			before: a, after: declared{{"a", stage{}}, {"b", stage{Refuse: true}}}, states: []string{"a"},
			events: []string{"open b0", "close b0"}, failure: "open pipeline b: source test: refused",
		},
		"exclusive, unchanged": {before: x(1), after: x(1), states: []string{"a", "x"}},
		"exclusive, changed": {
			before: x(1), after: x(2), events: []string{"close x1", "open x2"}, states: []string{"a", "x"},
		},
		"exclusive, moved": {
			before: x(1), after: declared{{"y", stage{Exclusive: "group"}}},
			events: []string{"close x1", "open y0", "close a0"}, states: []string{"y"},
		},
		"exclusive, refused": {
			before: x(1), after: x(2, stage{}), states: []string{"a", "x"},
			events:  []string{"close x1", "open x2", "close x2", "open x1"},
			failure: "open pipeline x: source test: refused",
		},
		"exclusive, not reached": {
			before: x(1), after: declared{{"b", stage{Refuse: true}}, x(2)[1]}, states: []string{"a", "x"},
			events: []string{"open b0", "close b0"}, failure: "open pipeline b: source test: refused",
		},
		"failed, unchanged": {
			before: declared{{"a", stage{}}, {"f", stage{Fail: true}}},
			after:  declared{{"a", stage{}}, {"f", stage{Fail: true}}},
			events: []string{"open f0", "close f0"}, states: []string{"a", "f failed: source test: cable cut"},
		},
		"ended, unchanged": {
			before: declared{{"a", stage{}}, {"e", stage{End: true}}},
			after:  declared{{"a", stage{}}, {"e", stage{End: true}}}, states: []string{"a", "e ended"},
		},
		"failed, refused": {
			before: declared{{"a", stage{}}, {"f", stage{Fail: true, Version: 1}}},
			after:  declared{{"a", stage{}}, {"f", stage{Refuse: true, Version: 2}}},
			events: []string{"open f2", "close f2"}, states: []string{"a", "f failed: source test: cable cut"},
			failure: "open pipeline f: source test: refused",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, tt.before)
				first := r.Status()
				r.world.happened()
				time.Sleep(time.Hour)
				r.files.set(tt.after, tt.bad)
				r.hup()
				wantEvents(t, "events", tt.events, r.world.happened())
				wantEvents(t, "pipelines", tt.states, r.states())
				wantEvents(t, "pipelines that run", slices.DeleteFunc(r.states(), hasState), r.running())
				want := service.ReloadStatus{
					Hash: r.world.configuration(tt.after).Hash, Good: true, At: time.Now(), Attempts: 1,
				}
				if tt.failure != "" {
					want = service.ReloadStatus{Hash: first.Reload.Hash, At: first.Started, Attempts: 1, Failures: 1, Err: tt.failure}
				}
				if diff := cmp.Diff(want, r.Status().Reload); diff != "" {
					t.Errorf("status (-want +got):\n%s", diff)
				}
				r.wantUntouched(t, first, tt.events, tt.failure == "")

				// A good configuration after that works as ever.
				r.files.set(declared{{"new", stage{}}}, nil)
				r.hup()
				if got := r.Status().Reload; !got.Good || got.Attempts != 2 || got.Err != "" {
					t.Errorf("status after another reload: %+v", got)
				}
				wantEvents(t, "pipelines", []string{"new"}, r.states())
				if err := r.end(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// running returns the names of the pipelines that run.
func (r *running) running() (names []string) {
	for _, p := range r.Status().Running() {
		names = append(names, p.Counters().Pipeline)
	}
	return names
}

// hasState reports whether a pipeline has more than a name, for it has ended.
func hasState(state string) bool { return strings.Contains(state, " ") }

// wantUntouched wants pipelines that had no part in events to be the same as before,
// counters and all.
func (r *running) wantUntouched(t *testing.T, before service.Status, events []string, good bool) {
	t.Helper()
	for _, old := range before.Pipelines {
		for _, now := range r.Status().Pipelines {
			text := strings.Join(events, " ")
			opened := good && strings.Contains(text, "open "+now.Name)
			restored := !good && strings.Contains(text, "close "+now.Name+"1")
			if old.Name == now.Name && (opened || restored) == (old.Pipeline == now.Pipeline) {
				t.Errorf("pipeline %s is the same: %v", now.Name, old.Pipeline == now.Pipeline)
			}
			if n := now.Pipeline.Counters().Received; n != 1 {
				t.Errorf("pipeline %s has received %d packets", now.Name, n)
			}
		}
	}
}

// TestRestoreFails takes away what a pipeline needs to be opened again.
func TestRestoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}, {"x", stage{Version: 1, Exclusive: "group"}}})
		r.world.happened()
		r.files.set(declared{{"a", stage{}}, {"x", stage{Version: 2, Exclusive: "group", Refuse: true}}}, nil)
		r.world.steal("group")
		r.hup()
		wantEvents(t, "events", []string{"close x1", "open x2", "close x2", "open x1", "close x1"}, r.world.happened())
		wantEvents(t, "pipelines", []string{"a", "x failed: source test: group is taken"}, r.states())
		if !strings.Contains(r.log.String(), `msg="can't open pipeline" pipeline=x error="source test: group is taken"`) {
			t.Errorf("log is\n%s", r.log.String())
		}

		r.world.giveBack("group")
		r.files.set(declared{{"a", stage{}}, {"x", stage{Version: 1, Exclusive: "group"}}}, nil)
		r.hup()
		wantEvents(t, "events", []string{"open x1"}, r.world.happened())
		wantEvents(t, "pipelines", []string{"a", "x"}, r.states())
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestRestoreOnce has one pipeline in the way of two, one of which is refused.
func TestRestoreOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"x", stage{Version: 1, Exclusive: "group"}}})
		r.world.happened()
		r.files.set(declared{
			{"y", stage{Exclusive: "group", Refuse: true}},
			{"z", stage{Exclusive: "group", Refuse: true}},
		}, nil)
		r.hup()
		opened := 0
		for _, event := range r.world.happened() {
			if event == "open x1" {
				opened++
			}
		}
		if opened != 1 || strings.Count(r.log.String(), "pipeline is running again, unchanged") != 1 {
			t.Errorf("opened %d times; log is\n%s", opened, r.log.String())
		}
		wantEvents(t, "pipelines", []string{"x"}, r.states())
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestRestoreImpossible takes what a pipeline needs to be built or opened again in time.
// It is known as failed, and the next reload starts it again.
func TestRestoreImpossible(t *testing.T) {
	for name, tt := range map[string]struct {
		build, open bool // what is forbidden
		state       string
	}{
		"to build": {true, false, "x failed: source test: badly built"},
		"to open":  {false, true, "x failed: it did not open: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				before := declared{{"a", stage{}}, {"x", stage{Version: 1, Exclusive: "group"}}}
				r := run(t, before)
				r.files.set(declared{{"a", stage{}}, {"x", stage{Version: 2, Exclusive: "group", SlowOpen: true}}}, nil)
				r.hup()
				r.world.forbid(tt.build, tt.open)
				for range 300 { // as metrics and health do, meanwhile
					r.states()
					time.Sleep(time.Second / 10)
				}
				wantEvents(t, "pipelines", []string{"a", tt.state}, r.states())

				r.world.forbid(false, false)
				r.files.set(before, nil)
				r.hup()
				wantEvents(t, "pipelines", []string{"a", "x"}, r.states())
				if err := r.end(); err != nil {
					t.Error(err)
				}
				if n := strings.Count(r.log.String(), `msg="pipeline stopped" pipeline=x received=1`); n != 2 {
					t.Errorf("%d counters of pipelines that ran in\n%s", n, r.log.String())
				}
			})
		})
	}
}
