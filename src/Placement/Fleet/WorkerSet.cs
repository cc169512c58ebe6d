using System.Numerics;

namespace LoadBalancer.Placement;

/// <summary>
/// A set of workers by index, one bit each: with thousands of different requirements waiting, who could take which must be small to
/// keep and quick to intersect with who is free.
/// </summary>
internal sealed class WorkerSet
{
    private const int BitsPerWord = 64;

    private ulong[] words = [];

    public bool IsEmpty => !words.AsSpan().ContainsAnyExcept(0UL);

    public int Count
    {
        get
        {
            var count = 0;
            foreach (var word in words)
                count += BitOperations.PopCount(word);

            return count;
        }
    }

    public bool Contains(int index) => (WordOf(index / BitsPerWord) & Bit(index)) != 0;

    public void Set(int index, bool isMember)
    {
        var word = index / BitsPerWord;
        if (word >= words.Length)
            Array.Resize(ref words, word + 1);

        words[word] = isMember ? words[word] | Bit(index) : words[word] & ~Bit(index);
    }

    public WorkerSet And(WorkerSet other)
    {
        var result = new WorkerSet { words = new ulong[Math.Min(words.Length, other.words.Length)] };
        for (var i = 0; i < result.words.Length; i++)
            result.words[i] = words[i] & other.words[i];

        return result;
    }

    public WorkerSet Except(WorkerSet other)
    {
        var result = new WorkerSet { words = new ulong[words.Length] };
        for (var i = 0; i < result.words.Length; i++)
            result.words[i] = words[i] & ~other.WordOf(i);

        return result;
    }

    /// <summary>How many members are in one set and not in another.</summary>
    public int CountOf(WorkerSet inside, WorkerSet outside)
    {
        var count = 0;
        for (var i = 0; i < words.Length; i++)
            count += BitOperations.PopCount(words[i] & inside.WordOf(i) & ~outside.WordOf(i));

        return count;
    }

    public bool Overlaps(WorkerSet other)
    {
        for (var i = 0; i < Math.Min(words.Length, other.words.Length); i++)
        {
            if ((words[i] & other.words[i]) != 0)
                return true;
        }

        return false;
    }

    /// <summary>The members in ascending order.</summary>
    public IEnumerable<int> Indexes()
    {
        for (var i = 0; i < words.Length; i++)
        {
            for (var rest = words[i]; rest != 0; rest &= rest - 1)
                yield return i * BitsPerWord + BitOperations.TrailingZeroCount(rest);
        }
    }

    /// <summary>The first member from here on, else the first of all; there must be one.</summary>
    public int FirstFrom(int start)
    {
        var word = Math.Min(start / BitsPerWord, words.Length - 1);
        var rest = start < words.Length * BitsPerWord ? words[word] & (ulong.MaxValue << (start % BitsPerWord)) : 0;
        while (rest == 0)
        {
            word = word + 1 < words.Length ? word + 1 : 0;
            rest = words[word];
        }

        return (word * BitsPerWord) + BitOperations.TrailingZeroCount(rest);
    }

    private static ulong Bit(int index) => 1UL << (index % BitsPerWord);

    private ulong WordOf(int word) => word < words.Length ? words[word] : 0;
}
