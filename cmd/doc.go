// Package cmd is pmtud's command line. A program with plugins of its own is a main
// function like that of the folder pmtud, with a longer list:
//
//	os.Exit(cmd.Main(cmd.Program{
//		Name: "my-pmtud", Version: "1.0.0",
//		Plugins: append(cmd.Plugins(), myfilter.Plugin()),
//	}))
//
// There are two ways to say what is to run: the options of the original daemon,
// and configuration files. The options are turned into the same tree as a file is
// and nothing else (options.go), so that --print-config and `pmtud run` on what it
// prints do as the options did.
package cmd
