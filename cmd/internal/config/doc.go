// Package config turns configuration files into pipelines' specs.
//
// A file goes through these steps:
//
//	read      its text becomes a tree of nodes that know where they stand ([syntax])
//	expand    variables in text are replaced ([variable])
//	declare   the nodes become a [File] of [Pipeline], [Stage] and [Setting], which is
//	          what was written (declare.go)
//	resolve   settings of the top level are decoded into [Global]; each stage finds its
//	          plugin, its settings are decoded into the plugin's struct, and it is built
//	          once to hear what the plugin has to say of them and what it needs of the
//	          host: that is what the stage comes to, [Resolved] (resolve.go)
//	compare   no two stages may need what only one can have, no sink may feed itself,
//	          and some want a limit before them (needs.go, loops.go, limits.go)
//
// No step stops at a mistake: each leaves out what it could not understand. So one run
// finds every mistake of every file. Only a stage with a mistake is not built, so what its
// plugin would say is in the next run. The result is a File without mistakes, or [Mistakes].
//
// No library for configurations keeps positions. So Koanf is used for one step only, to
// put a stage's settings into a struct (decode.go). It neither reads nor merges files.
//
// testdata/broken has files as people might write them, each with one mistake, beside
// the message.
//
// A File may also be made in code. [File.Resolve] treats it as [Load] treats one
// that was read. Package write writes either so that Load reads the same File.
//
// # Settings
//
// Structs declare the settings: those of the plugins for a stage, [Sink] for what every
// sink has, and [Global] for the top level. To add a setting is to add a field with its
// tags. Settings of the top level and of each sink may hold others (`http.listen`,
// `queue.size`).
//
// Tools use the same structs: [Describe] for lists and pages, [Schema] for editors, and
// package write for effective configurations and commented ones. [ParseChain] reads a line
// such as "pcap(interface=eth0) | icmp-ptb | log".
//
// # Values
//
// YAML, TOML and JSON give the same few kinds of value: text (string), true and false
// (bool), numbers, lists, and settings with names ([Table]). A [Number] is the text that
// was written, until it is converted to the type of its field. So 2^64-1 stays exact, 1.5
// is never cut to 1, and a field that is parsed from text sees 80 as "80".
// Nothing else is converted, but a single value stands for a list of one.
//
// # Variables
//
// In text that is a value, or an element of a list; in keys they are a mistake:
//
//	${NAME}            environment variable; it must be set, but may be empty
//	${NAME:-DEFAULT}   the same, or DEFAULT where it is unset or empty
//	${file:PATH}       what the file holds, without the last line's end; PATH is
//	                   relative to the folder of the configuration file
//	$$                 a dollar sign
//
// A dollar sign before anything else stands for itself. What replaces a variable is
// not looked at again, and variables can't stand in each other; so no value of a
// variable can break the syntax of a file or add a setting to it.
//
// A value with variables has the type that its setting wants: "${RATE}" is a number
// where a number is wanted and text where text is, with or without quotes in YAML.
// (In YAML's [] and {} the quotes are needed, since its own braces mean something
// there.) Elsewhere quotes decide; here they would be about the variable's name.
// Where a list is wanted, commas and line ends separate elements, and # begins a comment:
// "${PORTS}" may be 80,443, and ${file:peers.txt} a peer a line.
// [Position.Origin] keeps where a value came from, and messages name it.
//
// # Files
//
// Several files and folders may be given, YAML, TOML and JSON mixed. In a folder, Load
// reads the regular files whose names end with .yaml, .yml, .toml or .json and do not begin
// with a dot. Their order is that of the bytes of their names, so 10-a.yaml comes before
// 9-b.yaml. A file that several paths or links lead to is read once.
//
// They are put together by one rule: pipelines are added up, and a pipeline or a
// top-level setting that stands in two places is a mistake that names both. So the
// order of files decides nothing but the order of pipelines.
//
// One of a folder may declare nothing, such as one whose lines are all comments: it is
// switched off ([File.Empty]).
//
// # Bounds
//
// A file holds at most 1 MiB, 100,000 values, nested 64 deep, and 1000 names in a map. All
// files together, with those that variables include, hold at most 8 MiB. There are at most
// 1000 files and 1000 pipelines.
// No file is waited for longer than 8 s. Of the mistakes the first 100 are reported,
// each value only with its first 100 characters, and the others counted. So the time to
// read a file grows with its size.
//
// # Strictness
//
// Keys must be spelt exactly as declared, once, and have a value.
package config
