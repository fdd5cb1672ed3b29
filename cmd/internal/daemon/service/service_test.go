package service_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// TestEnd wants the service to end with its last pipeline.
func TestEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		pipelines declared
		failed    string // empty if none does
		log       string
	}{
		"all end":   {declared{{"a", stage{End: true}}, {"b", stage{End: true}}}, "", ""},
		"one fails": {declared{{"a", stage{End: true}}, {"b", stage{Fail: true}}}, "b", `msg="pipeline failed" pipeline=b error="source test: cable cut"`},
		"all fail":  {declared{{"a", stage{Fail: true}}, {"b", stage{Fail: true}}}, "a", `msg="pipeline failed" pipeline=a error="source test: cable cut"`},
		"one can't be closed": {
			declared{{"a", stage{End: true}}, {"b", stage{End: true, BadClose: true}}},
			"b",
			`msg="can't close pipeline" pipeline=b error="source test: jammed"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, tt.pipelines)
				err := <-r.result
				if failed := tt.failed != ""; errors.Is(err, service.ErrFailed) != failed || failed && err.Error() != "pipeline "+tt.failed+": failed" {
					t.Errorf("result %v", err)
				}
				if !strings.Contains(r.log.String(), tt.log) {
					t.Errorf("log lacks %s:\n%s", tt.log, r.log.String())
				}
				if n := strings.Count(r.log.String(), `msg="pipeline stopped"`); n != 2 {
					t.Errorf("counters of %d pipelines in\n%s", n, r.log.String())
				}
			})
		})
	}
}

// TestStartFails wants all or nothing.
func TestStartFails(t *testing.T) {
	gaveUp := errors.New("can't give up rights")
	for name, tt := range map[string]struct {
		second stage
		opened func() error
		log    string
	}{
		"refused":       {stage{Refuse: true}, func() error { return nil }, `msg="can't open pipeline" pipeline=b error="source test: refused"`},
		"opened, but":   {stage{}, func() error { return gaveUp }, `error="can't give up rights"`},
		"does not open": {stage{HangOpen: true}, nil, `msg="can't open pipeline" pipeline=b error="it did not open`},
		"forbidden": {
			stage{Forbidden: "open socket"},
			nil,
			`error="source test: open socket: operation not permitted" hint="needs CAP_NET_RAW: run as root, or with that capability"` + "\n",
		},
		"forbidden, which it explains": {
			stage{Forbidden: "needs CAP_FLY"}, nil, `error="source test: needs CAP_FLY: operation not permitted"` + "\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, declared{{"a", stage{}}, {"b", tt.second}}, func(o *service.Options, _ *files) { o.Opened = tt.opened })
				if err := <-r.result; !errors.Is(err, service.ErrFailed) {
					t.Errorf("result %v", err)
				}
				if !strings.Contains(r.log.String(), tt.log) || strings.Contains(r.log.String(), "msg=ready") {
					t.Errorf("log is\n%s", r.log.String())
				}
				if !strings.Contains(strings.Join(r.world.happened(), " "), "close a0") {
					t.Error("what was opened is not closed")
				}
			})
		})
	}
}

// TestStopDuringStart wants no complaint.
func TestStopDuringStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{SlowOpen: true}}})
		if err := r.end(); err != nil || strings.Count(r.log.String(), "\n") != 1 || !strings.Contains(r.log.String(), "msg=stopping") {
			t.Errorf("result %v, log\n%s", err, r.log.String())
		}
	})
}

// TestReloadDuringStart has a signal come before the pipelines are open.
func TestReloadDuringStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}}, func(o *service.Options, f *files) {
			o.Opened = func() error {
				f.set(declared{{"b", stage{}}}, nil)
				time.Sleep(time.Second)
				return nil
			}
		})
		r.reload <- nil
		time.Sleep(2 * time.Second)
		synctest.Wait()
		wantEvents(t, "pipelines", []string{"b"}, r.states())
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

func TestNothingToReload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}}, func(o *service.Options, _ *files) { o.Source = nil })
		r.hup()
		if now := r.Status().Reload; now.Attempts != 0 || !now.Good {
			t.Errorf("status %+v", now)
		}
		if !strings.Contains(r.log.String(), "nothing to reload") {
			t.Errorf("log is\n%s", r.log.String())
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestWatch changes files without a signal.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}}, func(_ *service.Options, f *files) { f.watch = true })
		wantAttempts := func(attempts, failures uint64) {
			t.Helper()
			synctest.Wait()
			if now := r.Status().Reload; now.Attempts != attempts || now.Failures != failures {
				t.Errorf("status %+v, want %d attempts and %d failures", now, attempts, failures)
			}
		}
		time.Sleep(time.Minute)
		wantAttempts(0, 0)

		// A file that is being written is not read before it stays as it is.
		for i := range 10 {
			r.files.set(declared{{"a", stage{Version: i}}}, nil)
			time.Sleep(1500 * time.Millisecond)
		}
		wantAttempts(0, 0)
		time.Sleep(5 * time.Second)
		wantAttempts(1, 0)
		wantEvents(t, "pipelines", []string{"a"}, r.states())

		// A bad one is not tried again and again.
		r.files.set(declared{{"b", stage{}}}, errors.New("bad"))
		time.Sleep(time.Minute)
		wantAttempts(2, 1)
		r.files.set(declared{{"b", stage{}}}, nil)
		time.Sleep(time.Minute)
		wantAttempts(3, 1)
		wantEvents(t, "pipelines", []string{"b"}, r.states())

		// Files may say that they are not to be watched any more.
		r.files.mu.Lock()
		r.files.watch = false
		r.files.mu.Unlock()
		r.hup()
		r.files.set(declared{{"c", stage{}}}, nil)
		time.Sleep(time.Minute)
		wantAttempts(4, 1)
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestPrepare wants what configurations need beside their pipelines to be taken before
// any of these is touched, and to be kept or given back with them.
func TestPrepare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}}, func(_ *service.Options, f *files) { f.noted = true })
		wantEvents(t, "start", []string{"prepare", "open a0", "adopt"}, r.world.happened())
		for _, tc := range []struct {
			name   string
			stage  stage
			unfit  error
			events []string
		}{
			{"b", stage{}, nil, []string{"prepare", "open b0", "adopt", "close a0"}},
			{"c", stage{Refuse: true}, nil, []string{"prepare", "open c0", "close c0", "discard"}},
			{"d", stage{BadBuild: true}, nil, nil},
			{"e", stage{}, errors.New("address is taken"), []string{"prepare"}},
		} {
			r.files.set(declared{{tc.name, tc.stage}}, nil)
			r.files.unfit = tc.unfit
			r.hup()
			wantEvents(t, tc.name, tc.events, r.world.happened())
		}
		wantEvents(t, "pipelines", []string{"b"}, r.states())
		if got := r.Status().Reload; got.Failures != 3 || got.Err != "address is taken" || got.Hash != r.world.configuration(declared{{"b", stage{}}}).Hash {
			t.Errorf("status %+v", got)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}
