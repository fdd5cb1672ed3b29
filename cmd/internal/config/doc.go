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
//	          and some want a limit before them (needs.go, loops.go)
//
// No step stops at a mistake: each leaves out what it could not understand. So one run
// finds every mistake of every file. Only a stage with a mistake is not built, so what its
// plugin would say is in the next run. The result is a File without mistakes, or [Mistakes].
// testdata/broken has files with one mistake each, beside the message.
//
// A File may also be made in code. [File.Resolve] treats it as [Load] treats one
// that was read. Package write writes either so that Load reads the same File.
//
// No library for configurations keeps positions. So Koanf is used for one step only, to
// put a stage's settings into a struct (decode.go). It neither reads nor merges files.
//
// # Settings
//
// Structs declare the settings: those of the plugins for a stage, [Sink] for what every
// sink has, and [Global] for the top level. To add a setting is to add a field with its
// tags. Settings of the top level and of each sink may hold others (`http.listen`,
// `queue.size`). Package catalog describes all of them for people and editors.
//
// # Values
//
// YAML, TOML and JSON give the same few kinds of value: text (string), true and false
// (bool), numbers, lists, and settings with names ([Table]). A [Number] is the text that
// was written, until it is converted to the type of its field. So 2^64-1 stays exact, 1.5
// is never cut to 1, and a field that is parsed from text sees 80 as "80".
// Nothing else is converted, but a single value stands for a list of one.
//
// # Files
//
// Pipelines of several files are added up. A pipeline or a top-level setting that stands in
// two places is a mistake, so the order of files decides nothing but the order of pipelines.
// Files, values and names are bounded in number and size, and so are the mistakes that are
// reported: the time to read a file grows with its size.
package config
