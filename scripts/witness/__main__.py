"""witness - repeats a trial of ebb in NumPy, in double precision, and compares.

    build/release/ebb run --dump DIR --format json … >RECORD
    python3 scripts/witness RECORD DIR

Reads the options from the record, the initial parameters and the order of samples from
DIR, and the data set itself; trains, unlearns and tests again, and compares the loss of
every step, the parameters after every task, accuracies, losses and metrics. One line a
check; the last one says DISAGREES where something does, with what was expected in
brackets. Shares no code with ebb. Knows mnist and fashion-mnist.
"""
import argparse
import json
import sys

from settings import Settings, Unsupported
from tasks import Images, Unreadable
from trial import Disagreement, Witness

AGREES, DISAGREES, USAGE, ENVIRONMENT = range(4)


def read_record(path):
    """The last line of a file of records, or of standard input for '-'."""
    try:
        if path == "-":
            return json.loads(sys.stdin.read())
        with open(path, encoding="utf-8") as stream:
            return json.loads(stream.read().strip().split("\n")[-1])
    except (OSError, ValueError) as error:
        raise Unreadable("%s: %s" % (path, error)) from error


def main():
    parser = argparse.ArgumentParser(
        prog="witness", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="status: 0 all agrees, 1 something disagrees, 2 wrong usage or a trial "
               "that cannot be repeated, 3 a file absent or unreadable")
    parser.add_argument("record", metavar="RECORD",
                        help="file with the trial's record (its last line); -: standard "
                             "input")
    parser.add_argument("folder", metavar="DIR", help="what --dump wrote")
    parser.add_argument("--data-dir", metavar="DIR",
                        help="folder with the data set's files [$EBB_DATA_DIR, else "
                             "where Debian's packages put them]")
    options = parser.parse_args()
    try:
        record = read_record(options.record)
        settings = Settings(record["config"])
        images = Images(settings.dataset, options.data_dir)
        for line in Witness(record, settings, options.folder, images).run():
            print(line, flush=True)
    except Disagreement as line:
        print("%s: DISAGREES" % line)
        return DISAGREES
    except Unsupported as reason:
        print("witness: %s" % reason, file=sys.stderr)
        return USAGE
    except Unreadable as reason:
        print("witness: %s" % reason, file=sys.stderr)
        return ENVIRONMENT
    print("all agrees")
    return AGREES


if __name__ == "__main__":
    sys.exit(main())
