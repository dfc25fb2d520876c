// Package testbed starts the real servers that Towline is tested against: a
// Kubernetes control plane, a Gitea, registries, a GitHub emulator. Each runs
// on free ports of 127.0.0.1 with its state in a temporary folder, is ready
// when its Start function returns, and is gone when this process is, even when
// that is killed.
//
// Every server comes in two forms. StartX(ctx, …) starts one of its own for
// whoever stops it, the demo for instance; the context bounds the start and
// not the server's life. X(tb) is for tests: it ends with the test, or, where
// starting is dear (Kube, Gitea), is shared by all tests of the test binary
// and ends with it. A package whose tests use a shared server has a TestMain
// that calls Main, so that the folders go too:
//
//	func TestMain(m *testing.M) { os.Exit(testbed.Main(m)) }
//
// Programs are built when they are first needed, into the user's cache folder;
// Prepare does that ahead, where somebody can see how far it is.
package testbed
