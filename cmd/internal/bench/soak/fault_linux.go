package soak

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/lab/rig"
)

// fault is something that goes wrong: for a moment, or until it is lifted.
type fault struct {
	name string
	do   func(*soak) error
	lift func(*soak) error // nil: for a moment only
}

// faults returns those that a soak chooses from.
func faults() []fault {
	return []fault{
		{"flap", (*soak).flap, nil},
		{"cable", (*soak).pullCable, nil},
		{"remake", (*soak).remake, nil},
		{"rename", (*soak).rename, (*soak).rename},
		{"reload", (*soak).goodReload, nil},
		{"bad reload", (*soak).badReload, nil},
		{"disk full", (*soak).fillDisk, (*soak).emptyDisk},
		{"folder away", (*soak).moveFolder, (*soak).moveFolderBack},
		{"files removed", (*soak).removeFiles, nil},
		{"nobody reads", (*soak).stall, (*soak).goOnReading},
		{"no descriptors", (*soak).limitFiles, (*soak).unlimitFiles},
		{"no time", (*soak).stopForAWhile, nil},
		{"questions", (*soak).ask, nil},
		{"names flip", (*soak).flipNames, (*soak).settleNames},
	}
}

// millis returns a random time of so many milliseconds at most.
func (s *soak) millis(most int) time.Duration {
	return time.Duration(s.random.IntN(most)) * time.Millisecond
}

func (s *soak) flap() error {
	return s.host.disturb(s.program, func() error {
		for range 1 + s.random.IntN(5) {
			if err := s.host.flap(s.millis(100)); err != nil {
				return err
			}
			time.Sleep(s.millis(20))
		}
		return nil
	})
}

func (s *soak) pullCable() error {
	return s.host.disturb(s.program, func() error { return s.host.pullCable(s.millis(400)) })
}

func (s *soak) remake() error {
	return s.host.disturb(s.program, func() error { return s.host.remake(s.millis(400)) })
}

// rename gives the interface its other name, or the first one back, if that was not
// done by making another one.
func (s *soak) rename() error {
	if s.on["rename"] && s.host.name == rig.Interface {
		return nil
	}
	return s.host.disturb(s.program, s.host.rename)
}

func (s *soak) goodReload() error {
	s.configurations++
	good, err := s.program.reload(configuration(s.disk, s.configurations))
	// It may fail while other faults last.
	if !good && err == nil && len(s.on) == 0 {
		return errors.New("a good configuration was refused")
	}
	return err
}

func (s *soak) badReload() error {
	s.configurations++
	good, err := s.program.reload(bad(s.disk, s.configurations))
	if good {
		return errors.Join(err, fmt.Errorf("bad configuration %d was accepted", s.configurations))
	}
	return err
}

const filler = "filler"

func (s *soak) fillDisk() error {
	f, err := s.program.disk.Create(filler)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.Write(make([]byte, 1<<20)); !errors.Is(err, unix.ENOSPC) {
		return fmt.Errorf("the disk is not full: %w", err)
	}
	return nil
}

func (s *soak) emptyDisk() error { return s.program.disk.Remove(filler) }

func (s *soak) moveFolder() error     { return s.program.disk.Rename("in", "away") }
func (s *soak) moveFolderBack() error { return s.program.disk.Rename("away", "in") }

func (s *soak) removeFiles() error {
	files, err := fs.Glob(s.program.disk.FS(), "*/*")
	for _, name := range files {
		// It may have been rotated away.
		if e := s.program.disk.Remove(name); !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

func (s *soak) stall() error       { s.program.output.stalled.Store(true); return nil }
func (s *soak) goOnReading() error { s.program.output.stalled.Store(false); return nil }

func (s *soak) flipNames() error   { s.host.names.flip(s.random); return nil }
func (s *soak) settleNames() error { s.host.names.reset(); return nil }

func (s *soak) limitFiles() error {
	now, err := s.program.resources()
	if err != nil {
		return err
	}
	s.files, err = s.program.limitFiles(uint64(now.Files + s.random.IntN(3)))
	return err
}

func (s *soak) unlimitFiles() error {
	_, err := s.program.limitFiles(s.files)
	return err
}

func (s *soak) stopForAWhile() error {
	err := s.program.Signal(unix.SIGSTOP)
	time.Sleep(s.millis(300))
	return errors.Join(err, s.program.Signal(unix.SIGCONT))
}

// ask asks for metrics and health, which must be there whatever goes wrong, but for
// connections without descriptors.
func (s *soak) ask() error {
	if s.on["no descriptors"] {
		return nil
	}
	for _, path := range []string{"/metrics", "/livez", "/readyz?verbose"} {
		status, body, err := s.program.get(s.host, path)
		if err != nil {
			return err
		}
		if status != http.StatusOK && !strings.HasPrefix(path, "/readyz") {
			return fmt.Errorf("%s: status %d: %s", path, status, body)
		}
	}
	return nil
}

// strike does one fault at random, or lifts one.
func (s *soak) strike() error {
	f := s.faults[s.random.IntN(len(s.faults))]
	what, name := f.do, f.name
	switch {
	case s.on[f.name]:
		what, name = f.lift, "no more "+f.name
	case f.lift != nil:
		defer func() { s.on[f.name] = true }()
	}
	s.struck[name]++
	if err := what(s); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if s.on[f.name] {
		delete(s.on, f.name)
	}
	return nil
}

// calm lifts all faults.
func (s *soak) calm() error {
	for _, f := range s.faults {
		if !s.on[f.name] {
			continue
		}
		if err := f.lift(s); err != nil {
			return fmt.Errorf("no more %s: %w", f.name, err)
		}
		delete(s.on, f.name)
	}
	return nil
}

func newRandom(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }
