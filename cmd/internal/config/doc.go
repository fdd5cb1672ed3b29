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
// No step stops at a mistake: each leaves out what it could not understand, so that one
// run finds every mistake of every file, but for what a plugin says of a stage that has
// others. The result is either a File without mistakes or [Mistakes].
//
// Positions rule out most of what libraries for configuration do: none keeps them. So
// Koanf is used for one step only, to decode a stage's settings into a struct
// (decode.go); files are neither read nor merged by it.
//
// testdata/broken has files as people might write them, each with one mistake, and
// what is said of it.
//
// A File may also be made in code. [File.Resolve] treats it as [Load] treats one
// that was read. Package write writes either so that Load reads the same File.
//
// # Settings
//
// What may stand in a file is what structs say: those of the plugins for a stage, [Sink]
// for what each sink has besides, and [Global] for the top level. Their fields and
// tags are all there is of a setting; to add one is to add a field. Settings of the top
// level and of each sink may hold others (`http.listen`, `queue.size`).
//
// From the same structs come what tools show: [Describe] for lists and pages, [Schema]
// for editors, and what package write writes: what a configuration comes to, and, from a
// line such as "pcap(interface=eth0) | icmp-ptb | log" ([ParseChain]), a commented file.
//
// # Values
//
// YAML, TOML and JSON give the same few kinds of value: text (string), true and
// false (bool), numbers, lists, and settings with names ([Table]). A number stays the text that was written
// ([Number]) until the field is known that it is for; so 2^64-1 stays exact, 1.5
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
// Several files and folders may be given, YAML, TOML and JSON mixed. Of a folder
// those files are read whose names end with .yaml, .yml, .toml or .json, in the order
// of their names as octets (so 10-a.yaml comes before 9-b.yaml), without hidden ones,
// and without folders, pipes and devices inside. A file that is met twice, also by
// links, is read once.
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
// A file is read only to 1 MiB, and those of a configuration, with all that variables
// include, only to 8 MiB together and to 1000 in number. A file holds at most 100,000
// values, nested 64 deep, and a map 1000 names; all files declare at most 1000 pipelines.
// No file is waited for longer than 8 s. Of the mistakes the first 100 are reported,
// each value only with its first 100 characters, and the others counted. So the time to
// read a file grows with its size.
//
// # Strictness
//
// Keys must be spelt exactly as declared, once, and have a value.
package config
