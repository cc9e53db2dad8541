// What the reference implementation of HdrHistogram makes of fixed sequences of values, and of our encodings of them.
//
//     java -cp /usr/share/java/hdrhistogram.jar Reference.java write           one block for each sequence, for gold/reference.txt
//     java -cp /usr/share/java/hdrhistogram.jar Reference.java read OURS       the same, out of our encodings ("name base64" lines)
//
// The sequences are those of sequences() in histogram_codec_test.cc.

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import org.HdrHistogram.Histogram;

public class Reference {
    static final long DAY = 24L * 3600 * 1_000_000_000L;
    static final double[] PERCENTILES = {0, 0.1, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 100};

    static long scatter(long value) {
        value += 0x9E3779B97F4A7C15L;
        value = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
        value = (value ^ (value >>> 27)) * 0x94D049BB133111EBL;
        return value ^ (value >>> 31);
    }

    static Histogram make() { return new Histogram(1000, DAY, 3); }

    static Histogram sequence(String name) {
        Histogram histogram = make();
        switch (name) {
            case "empty" -> {}
            case "zero" -> histogram.recordValue(0);
            case "one" -> histogram.recordValue(1_234_567);
            case "day" -> histogram.recordValue(DAY);
            case "many" -> {
                histogram.recordValueWithCount(5_000_000, 1L << 40);
                histogram.recordValueWithCount(7_000_000_000L, 3);
            }
            case "edges" -> {  // both sides of every power of two
                for (long power = 1; power < DAY; power <<= 1) {
                    histogram.recordValue(power - 1);
                    histogram.recordValue(power);
                    histogram.recordValue(power + 1);
                }
            }
            case "milliseconds" -> {  // 100,000 values, 0 to 16.8 ms, more of the small ones
                for (long i = 0; i < 100_000; i++) {
                    histogram.recordValue((scatter(i) >>> 40) * (scatter(~i) >>> 40) >>> 24);
                }
            }
            case "spread" -> {  // 20,000 values over the whole range, as many in each octave
                for (long i = 0; i < 20_000; i++) {
                    histogram.recordValue(Math.min(DAY, (scatter(i) >>> 17) >>> (scatter(~i) >>> 58) % 47));
                }
            }
            default -> throw new IllegalArgumentException(name);
        }
        return histogram;
    }

    static void print(String name, Histogram histogram) {
        System.out.println("histogram " + name);
        ByteBuffer plain = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        int size = histogram.encodeIntoByteBuffer(plain);
        System.out.println("v2 " + Base64.getEncoder().encodeToString(Arrays.copyOf(plain.array(), size)));
        ByteBuffer deflated = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
        size = histogram.encodeIntoCompressedByteBuffer(deflated);
        System.out.println("deflated " + Base64.getEncoder().encodeToString(Arrays.copyOf(deflated.array(), size)));
        System.out.println("count " + histogram.getTotalCount());
        System.out.println("mean " + Double.toHexString(histogram.getMean()));
        System.out.println("stdev " + Double.toHexString(histogram.getStdDeviation()));
        for (double percent : PERCENTILES) {
            System.out.println("percentile " + percent + " " + histogram.getValueAtPercentile(percent));
        }
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals("write")) {
            for (String name : new String[] {"empty", "zero", "one", "day", "many", "edges", "milliseconds", "spread"}) {
                print(name, sequence(name));
            }
            return;
        }
        for (String line : Files.readAllLines(Path.of(arguments[1]))) {
            String[] words = line.split(" ");
            print(words[0], Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(Base64.getDecoder().decode(words[1])), 0));
        }
    }
}
