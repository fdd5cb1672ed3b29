package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/pmtud/pmtud/cmd/internal/config"
	"github.com/pmtud/pmtud/cmd/internal/daemon/sandbox"
	"github.com/pmtud/pmtud/cmd/internal/daemon/webconfig"
	"github.com/pmtud/pmtud/pipeline"
)

// confinement is how the process gives up what it does not need.
type confinement struct {
	mode sandbox.Mode
	plan sandbox.Plan
	log  *slog.Logger

	entered  *sandbox.Confined // nil until the process is confined
	confined chan struct{}     // closed then
}

// confiner returns what confines the process, which it does if it is the program's own.
func (d *daemon) confiner(f *config.File, files *files) (func() error, error) {
	if d.Signals == nil {
		return func() error { return nil }, nil
	}
	s, err := d.confinement(f, files)
	if err != nil {
		return nil, err
	}
	d.confined = s
	return s.enter, nil
}

// confinement makes the plan of what the program needs to run a configuration, and
// to read it again.
func (d *daemon) confinement(f *config.File, files *files) (*confinement, error) {
	s := &confinement{mode: sandbox.Mode(f.Global.Sandbox), log: d.log.Logger(), confined: make(chan struct{})}
	if s.mode == "" { // options have no settings
		s.mode = sandbox.Auto
	}
	if name := f.Global.User; name != "" {
		user, err := sandbox.LookUp(name)
		if err != nil {
			return nil, f.With(nil, f.At("user"), err)
		}
		s.plan.User = user
	}
	undeclared, err := s.addPipelines(f)
	if err != nil {
		return nil, err
	}
	s.addProgram(f, files)
	if err := s.checkUndeclared(undeclared); err != nil {
		return nil, err
	}
	if files != nil { // the original options stay who they are
		s.leaveRoot()
	}
	s.addRootsRights()
	return s, nil
}

// addPipelines adds what the stages need, and returns the names of those that do not
// say.
func (s *confinement) addPipelines(f *config.File) (undeclared []string, err error) {
	needs, undeclared := f.Needs()
	for _, n := range needs {
		if err := s.plan.Add(n); err != nil {
			return nil, fmt.Errorf("confine process: %w", err)
		}
	}
	return undeclared, nil
}

// addRootsRights adds what lets root write to folders that belong to others: it has, and
// will again.
func (s *confinement) addRootsRights() {
	isRoot := s.plan.User == nil && os.Geteuid() == 0 || s.plan.User != nil && s.plan.User.ID == 0
	if isRoot && len(s.plan.Write) > 0 {
		s.plan.Capabilities = append(s.plan.Capabilities, "CAP_DAC_OVERRIDE")
	}
}

// addProgram adds what the program itself needs: its files and what it checks them
// with, the metrics of the process, and where it listens.
func (s *confinement) addProgram(f *config.File, files *files) {
	if files != nil {
		s.plan.Read = append(s.plan.Read, onlineCPUs)
		for _, path := range files.Paths {
			s.addConfig(path)
		}
		for _, path := range f.Included {
			s.plan.AddFile(path)
		}
	}
	s.addWeb(f.Global.HTTP.WebConfig)
	if listen := f.Global.HTTP.Listen; listen != "" {
		s.plan.Read = append(s.plan.Read, "/proc/self", "/proc/stat")
		if _, text, err := net.SplitHostPort(listen); err == nil { // not unix:PATH
			port, _ := strconv.ParseUint(text, 10, 16) // was checked
			s.plan.AddListener(uint16(port))
		}
	}
}

// addWeb adds a web configuration file, and what it names.
func (s *confinement) addWeb(path string) {
	if path == "" {
		return
	}
	for _, file := range webconfig.Files(path) {
		s.plan.AddFile(file)
	}
}

// addConfig adds a file or folder of the command line.
func (s *confinement) addConfig(path string) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		s.plan.Read = append(s.plan.Read, path)
		entries, err := os.ReadDir(path)
		if err != nil {
			return // it was read a moment ago
		}
		for _, e := range entries {
			s.plan.AddFile(path + string(os.PathSeparator) + e.Name())
		}
		return
	}
	s.plan.AddFile(path)
}

// checkUndeclared decides about stages that do not say what they need: nobody could know what
// would break.
func (s *confinement) checkUndeclared(undeclared []string) error {
	switch {
	case len(undeclared) == 0 || s.mode == sandbox.Off:
	case s.mode == sandbox.Required:
		return fmt.Errorf("confine process: stages do not declare what they need: %s", strings.Join(undeclared, ", "))
	default:
		s.log.Warn("process is not confined: stages do not declare what they need", "stages", strings.Join(undeclared, ", "))
		s.mode = sandbox.Off
	}
	return nil
}

// checkWeb returns an error if a web configuration file, or what it names, is out of reach of
// the process.
func (s *confinement) checkWeb(path string) error {
	if path == "" || !s.isEntered() {
		return nil
	}
	var wanted sandbox.Plan
	for _, file := range webconfig.Files(path) {
		wanted.AddFile(file)
	}
	if lacks := s.entered.Lacks(wanted); len(lacks) > 0 {
		return fmt.Errorf("web configuration %s needs what the process gave up at its start: %s; restart it to run this configuration",
			path, strings.Join(lacks, ", "))
	}
	return nil
}

// enter confines the process, for good.
func (s *confinement) enter() error {
	report, err := sandbox.Enter(s.plan, s.mode)
	if err != nil {
		if errors.Is(err, os.ErrPermission) && s.plan.User != nil {
			err = fmt.Errorf("%w (only root can become another user)", err)
		}
		return err
	}
	if s.mode != sandbox.Off || report.User != "" {
		s.log.Info("process confined", report.Attrs()...)
	}
	s.entered = &sandbox.Confined{Plan: s.plan, Mode: s.mode, Report: report}
	close(s.confined)
	for _, dir := range s.entered.NotWritable() {
		s.log.Warn("the user may not create files in a configured folder: they can't be rotated, nor opened again by a reload",
			"user", report.User, "folder", dir, "hint", "chown "+report.User+" "+dir)
	}
	return nil
}

// isEntered reports whether the process has given something up.
func (s *confinement) isEntered() bool { return s != nil && s.entered != nil }

// check returns an error for each stage that needs what the process has given up: some
// would open all the same and then not do their work, others would say something that
// leads astray, and a pipeline that is in the way would be closed for nothing.
func (s *confinement) check(p *pipeline.Pipeline) error {
	if !s.isEntered() {
		return nil
	}
	var errs []error
	for id, stage := range p.Stages() {
		n, ok := stage.(pipeline.HostUser)
		if !ok {
			continue
		}
		var wanted sandbox.Plan
		if err := wanted.Add(n.Needs()); err != nil {
			errs = append(errs, &pipeline.StageError{StageID: id, Err: err})
			continue
		}
		if lacks := s.entered.Lacks(wanted); len(lacks) > 0 {
			errs = append(errs, &pipeline.StageError{StageID: id, Err: fmt.Errorf(
				"%v %s needs what the process gave up at its start: %s; restart it to run this configuration",
				id.Kind, id.Name, strings.Join(lacks, ", "))})
		}
	}
	return errors.Join(errs...)
}
