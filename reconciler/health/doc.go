// Package health tells whether objects have become what they were asked to be.
//
// [Compute] judges one object by its own status, by the rules of kstatus; [Rules] do so for custom resources by CEL
// expressions. A [Waiter] follows the objects of a set by watches until all of them are there, and stops early where
// waiting is in vain: when an image can't be pulled or a container keeps crashing, a Deployment says so only after its
// progress deadline of ten minutes, but its Pods say it at once, and why.
//
// The package reads, and nothing else.
package health
