// Prints what the reference implementation of HdrHistogram makes of fixed histograms, and of our interval logs.
//
//     java -cp /usr/share/java/hdrhistogram.jar Reference.java distribution KIND     the kinds of values() in hdr_log_test.cc
//     java -cp /usr/share/java/hdrhistogram.jar Reference.java encoded BASE64        the same, of an encoded histogram
//     java -cp /usr/share/java/hdrhistogram.jar Reference.java log FILE              one line for each interval that it reads
//     java -cp /usr/share/java/hdrhistogram.jar Reference.java rewrite FILE          the log as it would write it itself

import java.io.File;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Locale;
import org.HdrHistogram.EncodableHistogram;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogReader;
import org.HdrHistogram.HistogramLogWriter;

public class Reference {
    static final long DAY = 24L * 3600 * 1_000_000_000L;

    static Histogram values(String kind) {
        Histogram histogram = new Histogram(1000, DAY, 3);
        switch (kind) {
            case "empty" -> {}
            case "one" -> histogram.recordValue(1_234_567);
            case "many" -> {
                for (long i = 1; i <= 1_000_000; i++) {
                    histogram.recordValue(i * 1_000);
                }
            }
            case "far" -> {
                histogram.recordValueWithCount(0, 90);
                histogram.recordValueWithCount(3_000_000, 9);
                histogram.recordValue(DAY);
            }
            default -> throw new IllegalArgumentException(kind);
        }
        return histogram;
    }

    public static void main(String[] arguments) throws Exception {
        switch (arguments[0]) {
            case "distribution" -> values(arguments[1]).outputPercentileDistribution(System.out, 5, 1_000_000.0);
            case "encoded" -> Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(Base64.getDecoder().decode(arguments[1])), 0)
                    .outputPercentileDistribution(System.out, 5, 1_000_000.0);
            case "log" -> {
                HistogramLogReader reader = new HistogramLogReader(new File(arguments[1]));
                while (reader.hasNext()) {
                    EncodableHistogram histogram = reader.nextIntervalHistogram();
                    if (histogram == null) {
                        break;
                    }
                    Histogram read = (Histogram) histogram;
                    System.out.format(Locale.US, "%s %d %d %d %d %d\n", histogram.getTag(), histogram.getStartTimeStamp(),
                            histogram.getEndTimeStamp(), read.getTotalCount(), read.getValueAtPercentile(95), read.getMaxValue());
                }
                System.out.format(Locale.US, "start %.3f\n", reader.getStartTimeSec());
            }
            case "rewrite" -> {
                HistogramLogReader reader = new HistogramLogReader(new File(arguments[1]));
                HistogramLogWriter writer = new HistogramLogWriter(System.out);
                writer.outputLogFormatVersion();
                boolean begun = false;
                while (reader.hasNext()) {
                    EncodableHistogram histogram = reader.nextIntervalHistogram();
                    if (histogram == null) {
                        break;
                    }
                    long base = (long) (reader.getStartTimeSec() * 1000);
                    if (!begun) {
                        writer.outputStartTime(base);
                        writer.outputBaseTime(base);
                        writer.setBaseTime(base);
                        writer.outputLegend();
                        begun = true;
                    }
                    writer.outputIntervalHistogram(histogram);
                }
            }
            default -> throw new IllegalArgumentException(arguments[0]);
        }
    }
}
