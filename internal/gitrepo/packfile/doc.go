// Package packfile takes in packs that come from strangers: it copies a pack while it
// arrives, names every object in it, and makes its index. What a pack may cost is
// bounded before it is paid: how many objects it may hold, how many bytes it may
// inflate to (whatever small pack they come from), and how many of them are in memory
// at once, which doesn't grow with the size of a file unless that is kept as a delta.
//
// It refuses packs that aren't whole in themselves: deltas whose base is elsewhere,
// that lead in a circle, or to nowhere.
package packfile
