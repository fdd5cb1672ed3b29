package sandbox

import (
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

// sorted tells files from folders: rights to what is in a folder are no rights to a
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

// confineFiles restricts files and TCP ports to those of the plan, as far as the
// kernel's Landlock knows how to, and returns its name and version. The fifth
// version is enough: the sixth would cut off a notification socket of systemd's.
func confineFiles(p Plan) (string, error) {
	version, err := llsys.LandlockGetABIVersion()
	if err != nil || version < 1 {
		return "", fmt.Errorf("the kernel has no Landlock")
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
	if err := landlock.V5.BestEffort().Restrict(rules...); err != nil {
		return "", err
	}
	return fmt.Sprintf("landlock %d", min(version, 5)), nil
}
