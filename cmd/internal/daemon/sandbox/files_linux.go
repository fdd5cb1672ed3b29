package sandbox

import (
	"errors"
	"fmt"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"
	llsys "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Rights to files (linux/landlock.h).
const (
	reading landlock.AccessFSSet = llsys.AccessFSReadFile | llsys.AccessFSReadDir
	writing                      = reading | llsys.AccessFSWriteFile | llsys.AccessFSTruncate |
		llsys.AccessFSMakeReg | llsys.AccessFSRemoveFile
)

// sorted separates files from folders: rights to what is in a folder are no rights to a
// file.
func sorted(paths []string) (files, folders []string) {
	for _, path := range paths {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			files = append(files, path)
		} else {
			folders = append(folders, path)
		}
	}
	return files, folders
}

// confineFiles restricts files and TCP ports to those of the plan, and signals and abstract
// sockets to this process, as far as the kernel's Landlock knows how to. It returns its name
// and version, and what this one can't keep the process from. A socket of systemd's that
// is connected stays so.
func confineFiles(p Plan) (name string, remains []string, err error) {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil {
		return "", remainsWithout(0), errors.New("the kernel has no Landlock")
	}
	files, folders := sorted(p.Read)
	rules := []landlock.Rule{
		landlock.PathAccess(llsys.AccessFSReadFile, files...).IgnoreIfMissing(),
		landlock.PathAccess(reading, folders...).IgnoreIfMissing(),
		landlock.PathAccess(writing, p.Write...).IgnoreIfMissing(),
	}
	for _, port := range p.Listen {
		rules = append(rules, landlock.BindTCP(port))
	}
	for _, port := range p.Connect {
		rules = append(rules, landlock.ConnectTCP(port))
	}
	// Where the threads of a process may not send signals to each other, which Go's runtime does
	// all the time, it does without scopes (before Linux 6.15, security/landlock/errata/abi-6.h).
	if err := landlock.V6.BestEffort().Restrict(rules...); err != nil {
		return "", remainsWithout(0), err
	}
	return fmt.Sprintf("landlock %d", min(version, 6)), remainsWithout(version), nil
}

// remainsWithout returns what a version of Landlock can't keep the process from.
func remainsWithout(version int) (remains []string) {
	if version < 1 {
		remains = append(remains, "to open all files of its user")
	}
	if version == 1 || version == 2 {
		remains = append(remains, remainTruncate)
	}
	if version < 4 {
		remains = append(remains, remainPorts)
	}
	return remains
}
