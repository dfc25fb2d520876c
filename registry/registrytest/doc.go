// Package registrytest is a container registry in this process, for tests and
// for the demo: go-containerregistry's own registry, made to page truly, to ask
// for credentials, to misbehave on command, and to count what it is asked.
//
// A test takes one with New, which stops it at the test's end:
//
//	reg := registrytest.New(t, registrytest.Options{PageSize: 100})
//	_, err := reg.Push("acme/app", "1.0.0", time.Now(), nil)
//
// A program takes one with NewServer; it is an http.Handler, and Start and Close
// run it on a listener. It keeps everything in memory, is meant for machines
// that trust each other, and never for production.
package registrytest
