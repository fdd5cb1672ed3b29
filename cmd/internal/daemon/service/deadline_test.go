package service_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// TestSlowOpen opens what doesn't open in time.
func TestSlowOpen(t *testing.T) {
	for name, slow := range map[string]stage{
		"gives up": {SlowOpen: true},
		"hangs":    {HangOpen: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, declared{{"a", stage{Version: 1}}})
				first := r.Status()
				r.files.set(declared{{"a", stage{Version: 2}}, {"b", slow}}, nil)
				r.hup()
				time.Sleep(30 * time.Second)
				synctest.Wait()
				now := r.Status()
				if now.Reload.Failures != 1 || !strings.Contains(now.Reload.Err, "open pipeline b: ") ||
					!strings.HasSuffix(now.Reload.Err, "deadline exceeded") {
					t.Errorf("status %+v", now.Reload)
				}
				if now.Pipelines[0].Pipeline != first.Pipelines[0].Pipeline || len(now.Pipelines) != 1 {
					t.Errorf("pipelines %v", r.states())
				}
				r.files.set(declared{{"a", stage{Version: 3}}}, nil)
				r.hup()
				if now := r.Status().Reload; !now.Good {
					t.Errorf("status %+v", now)
				}
				if err := r.end(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestSlowEnd replaces a pipeline that doesn't end. It is in nobody's way, but for what
// it holds.
func TestSlowEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{HangClose: true}}, {"x", stage{Version: 1, Exclusive: "group", HangClose: true}}})
		r.files.set(declared{{"a", stage{}}, {"x", stage{Version: 1, Exclusive: "group", HangClose: true}}}, nil)
		r.hup()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if now := r.Status().Reload; !now.Good {
			t.Errorf("status %+v", now)
		}
		if !strings.Contains(r.log.String(), `msg="pipeline does not stop; leaving it behind" pipeline=a`) {
			t.Errorf("log is\n%s", r.log.String())
		}

		r.files.set(declared{{"a", stage{}}, {"x", stage{Version: 2, Exclusive: "group"}}}, nil)
		r.hup()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if now := r.Status().Reload; now.Good || now.Err != "pipelines that must close first do not stop: x" {
			t.Errorf("status %+v", now)
		}
		if err := r.end(); !errors.Is(err, service.ErrFailed) {
			t.Errorf("result %v", err)
		}
	})
}

// TestStuckSource replaces a pipeline whose source doesn't return.
func TestStuckSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{HangRun: true}}})
		r.files.set(declared{{"a", stage{}}}, nil)
		r.hup()
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if now := r.Status().Reload; !now.Good {
			t.Errorf("status %+v", now)
		}
		if !strings.Contains(r.log.String(), `msg="pipeline failed" pipeline=a error="stop pipeline: stuck for 5s: source test"`) {
			t.Errorf("log is\n%s", r.log.String())
		}
		if err := r.end(); err != nil {
			t.Errorf("result %v", err)
		}
	})
}

// TestSlowLoad reads files that can't be read in time, and once more.
func TestSlowLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}})
		r.files.set(declared{{"b", stage{}}}, nil)
		r.files.mu.Lock()
		r.files.hang = true
		r.files.mu.Unlock()
		for n := range uint64(2) {
			r.hup()
			time.Sleep(11 * time.Second)
			synctest.Wait()
			if now := r.Status().Reload; now.Failures != n+1 || now.Err != "load configuration: it took too long" {
				t.Errorf("status %+v", now)
			}
		}
		if r.files.loads != 2 { // the first was before the start
			t.Errorf("%d loads, though one still goes on", r.files.loads)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestReloadsCoalesce asks for reloads during a reload.
func TestReloadsCoalesce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}})
		r.files.set(declared{{"a", stage{SlowOpen: true}}}, nil)
		r.hup()
		r.files.set(declared{{"a", stage{Version: 2}}}, nil)
		for range 5 {
			select {
			case r.reload <- nil: // as package signal does
			default:
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if now := r.Status().Reload; now.Attempts != 2 || now.Failures != 1 || !now.Good {
			t.Errorf("status %+v", now)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}

// TestStopDuringReload ends the service while a pipeline opens.
func TestStopDuringReload(t *testing.T) {
	for name, slow := range map[string]stage{
		"that gives up": {SlowOpen: true},
		"that hangs":    {HangOpen: true},
		"after closing": {SlowOpen: true, Exclusive: "group"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := run(t, declared{{"a", stage{}}, {"x", stage{Version: 1, Exclusive: "group"}}})
				r.files.set(declared{{"a", stage{}}, {"x", slow}}, nil)
				r.hup()
				began := time.Now()
				if err := r.end(); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > 2*time.Second {
					t.Errorf("it took %v", took)
				}
				for _, want := range []string{"msg=stopping", `msg="pipeline stopped" pipeline=a`, `msg="pipeline stopped" pipeline=x`} {
					if !strings.Contains(r.log.String(), want) {
						t.Errorf("%q is missing in\n%s", want, r.log.String())
					}
				}
			})
		})
	}
}

// TestManyReloads wants no goroutines to stay of pipelines that are gone, or never came.
func TestManyReloads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := run(t, declared{{"a", stage{}}})
		early := 0
		for n := range 1000 {
			r.files.set(declared{
				{"a", stage{}},
				{"b", stage{Version: n, Refuse: n%3 == 1}},
				{"c", stage{Version: n, BadBuild: n%5 == 1}},
				{"x", stage{Version: n, Exclusive: "group", Refuse: n%7 == 1}},
			}, nil)
			r.hup()
			if n == 100 {
				early = runtime.NumGoroutine()
			}
		}
		if late := runtime.NumGoroutine(); late > early+5 {
			t.Errorf("%d goroutines, then %d", early, late)
		}
		if now := r.Status().Reload; now.Attempts != 1000 || now.Failures < 500 || now.Failures > 600 {
			t.Errorf("status %+v", now)
		}
		if err := r.end(); err != nil {
			t.Error(err)
		}
	})
}
