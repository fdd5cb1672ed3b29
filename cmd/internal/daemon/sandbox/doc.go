// Package sandbox takes from the process all rights that it does not need once its
// sockets and files are open.
//
// What it needs is a [Plan], made of what the stages of the pipelines declare
// ([pipeline.Needs]) and of what the program itself reads. [Enter] then
//
//  1. becomes another user, if the plan names one,
//  2. drops all capabilities but those of the plan, from the bounding set too, and
//     sets no_new_privs (prctl(2)), so that none comes back,
//  3. has Landlock (landlock(7)) refuse all files and TCP ports that are not in
//     the plan, and signals and connections to other processes, and
//  4. has seccomp(2) refuse system calls that nothing needs any more: sockets of other
//     address families and protocols of netlink, programs, processes and namespaces,
//     signals to and limits of other processes, modes, owners and attributes of files,
//     memory for code, and the ways around Landlock's ports: io_uring, Multipath TCP and
//     TCP Fast Open. To listen it keeps only where the plan has a port for it. Of unix
//     sockets it keeps those that are open.
//
// A destination that a stage names ([pipeline.Needs]) is kept by its port, over TCP; of its
// address the kernel's rules know the family. A firewall, or IPAddressAllow of a unit of
// systemd (systemd.resource-control(5)), knows addresses. UDP is kept to all ports as soon as
// sockets of a family are.
//
// All threads are confined alike. It can't be undone: a reload that needs more than
// the configuration that the process was started with fails, and says so.
//
// Landlock and seccomp depend on the kernel. What it lacks is left out, and the
// report says so, and what remains ([Report]); a configuration may ask for all or nothing.
// The user and the capabilities are never left out.
//
// Landlock knows files by the directories that they are in, so the plan names the
// folders of configuration and capture files: they may be replaced by renaming, and so
// may a link to a folder by one to its neighbour, as where each version has a folder. A
// folder that is removed and made again is another one, to which nothing has a right;
// [Confined.Denied] finds that out.
package sandbox
